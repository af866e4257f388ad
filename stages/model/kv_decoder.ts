/**
 * Predicts the next tokens of several texts with a KV cache, so that the model computes each token once.
 *
 * @module
 */
import type { Session } from "../../kernels/engine/engine.ts";
import { checkTokens } from "./check_inputs.ts";
import { decodeCounts, prefillLengths } from "./decode_plan.ts";
import type { Plan } from "./plan.ts";
import { floats, integers } from "./tensor_data.ts";

/** The last token of a text; the decoder predicts the token after it. */
export interface LastToken {
  /** Index of the text in the KV cache, below the plan's `texts`. */
  readonly text: number;
  /** Id of the token. */
  readonly id: number;
  /** Position of the token in the model's sequence; the cache holds all positions before it. */
  readonly position: number;
}

/** Runs the programs of decode_plan.ts. */
export class Decoder {
  readonly #plan: Plan;
  readonly #session: Session;
  readonly #lengths: readonly number[];
  readonly #counts: readonly number[];

  /** `session` must have the plan's programs. */
  constructor(plan: Plan, session: Session) {
    this.#plan = plan;
    this.#session = session;
    this.#lengths = prefillLengths(plan.cacheLength);
    this.#counts = decodeCounts(plan.texts, plan.quantized);
  }

  /**
   * Puts `ids` into the cache of a text (default 0), from position `from` (default 0) on; the positions
   * before `from` must be in the cache already. Returns the logits [vocabSize] of the token after the last
   * id. Throws RangeError if `ids` is empty, has an id outside the vocabulary, or reaches beyond the model's
   * sequence length.
   */
  async prefill(
    ids: Uint32Array,
    { text = 0, from = 0 }: { readonly text?: number; readonly from?: number } = {},
  ): Promise<Float32Array> {
    const { model: { vocabSize }, cacheLength: seqLen } = this.#checked(text);
    if (ids.length === 0) throw new RangeError("Cannot predict from no tokens: give at least one");
    if (from + ids.length > seqLen) {
      throw new RangeError(
        `Cannot read ${ids.length} tokens from position ${from} on: the model's sequence length is ${seqLen}`,
      );
    }
    checkTokens(ids, { limit: vocabSize, what: "prompt" });
    for (let at = 0; at < ids.length;) {
      // Running one program is faster than running two, even if up to a quarter of its tokens are padding.
      const left = ids.length - at, [shortest] = this.#lengths;
      const length = this.#lengths.findLast((n) => 3 * n <= 4 * left) ?? shortest;
      const part = ids.subarray(at, at + length), tokens = new Uint32Array(length);
      tokens.set(part); // the padding after it is never attended to
      this.#session.write({
        [`prefill/${length}/tokens`]: integers([1, length], tokens),
        [`prefill/${length}/positions`]: integers([1, length], tokens.map((_, i) => from + at + i)),
        "prefill/row": integers([1], [part.length - 1]),
        "prefill/firstRow": integers([1], [text * seqLen + from + at]),
      });
      this.#session.run([`prefill/${length}`]).catch(() => {}); // the next read rejects with the same error
      at += part.length;
    }
    const [logits] = await this.#logits("prefill/logits", 1);
    return logits;
  }

  /**
   * Adds one token to the cache of each given text. Returns the logits [vocabSize] of the next tokens, in the
   * same order. Throws RangeError if two tokens belong to one text, or if a text, position or id is out of
   * range.
   */
  async decode(tokens: readonly LastToken[]): Promise<readonly Float32Array[]> {
    const { cacheLength: seqLen, texts } = this.#plan;
    if (new Set(tokens.map(({ text }) => text)).size < tokens.length) {
      throw new RangeError(
        `Cannot decode ${tokens.length} tokens: wanted one each of up to ${texts} texts`,
      );
    }
    for (const { text, position } of tokens) {
      this.#checked(text);
      if (!(position < seqLen)) {
        throw new RangeError(
          `Cannot read a token at position ${position}: the model's sequence length is ${seqLen}`,
        );
      }
    }
    const most = this.#counts.at(-1) ?? 0, logits: Float32Array[] = [];
    for (let at = 0; at < tokens.length; at += most) {
      logits.push(...await this.#decodeBatch(tokens.slice(at, at + most)));
    }
    return logits;
  }

  /** Decodes at most as many tokens as the largest decode program takes. */
  async #decodeBatch(tokens: readonly LastToken[]): Promise<readonly Float32Array[]> {
    const { model: { vocabSize }, cacheLength: seqLen, texts } = this.#plan;
    const count = this.#counts.find((n) => n >= tokens.length) ?? 0;
    const ids = new Uint32Array(count), positions = new Uint32Array(count);
    const firstRows = new Uint32Array(count).fill(texts * seqLen); // beyond the cache: padding is not stored
    tokens.forEach(({ text, id, position }, i) => {
      [ids[i], positions[i], firstRows[i]] = [id, position, text * seqLen + position];
    });
    checkTokens(ids, { limit: vocabSize, what: "text" });
    const name = `decode/${count}`;
    this.#session.write({
      [`${name}/tokens`]: integers([count, 1], ids),
      [`${name}/positions`]: integers([count, 1], positions),
      [`${name}/firstRows`]: integers([count], firstRows),
    });
    this.#session.run([name]).catch(() => {}); // the next read rejects with the same error
    return await this.#logits(`${name}/logits`, tokens.length);
  }

  /** Copies the cache of text `from` to text `to`. */
  async copy({ from, to }: { readonly from: number; readonly to: number }): Promise<void> {
    this.#checked(from);
    this.#checked(to);
    if (from === to) return;
    this.#session.write({ "copy/from": integers([1], [from]), "copy/to": integers([1], [to]) });
    await this.#session.run(["copy"]);
  }

  async #logits(label: string, rows: number): Promise<readonly Float32Array[]> {
    const { vocabSize, paddedVocabSize } = this.#plan.model;
    const all = floats((await this.#session.read([label]))[label].data);
    return Array.from(
      { length: rows },
      (_, i) => all.subarray(i * paddedVocabSize, i * paddedVocabSize + vocabSize),
    );
  }

  #checked(text: number): Plan {
    const { texts } = this.#plan;
    if (texts === 0) throw new RangeError("Cannot generate text: the plan has no sampling");
    if (Number.isInteger(text) && text >= 0 && text < texts) return this.#plan;
    throw new RangeError(`Cannot generate text ${text}: the plan has ${texts}, numbered from 0`);
  }
}
