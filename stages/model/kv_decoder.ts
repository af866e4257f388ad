/**
 * Predicts next tokens of several texts, whose keys and values stay on the device: each token is computed once.
 *
 * @module
 */
import type { TensorMap } from "../../kernels/core/tensor.ts";
import type { Session } from "../../kernels/engine/engine.ts";
import { checkTokens } from "./check_tokens.ts";
import { decodeCounts, prefillLengths } from "./decode_plan.ts";
import type { Plan } from "./plan.ts";

/** The newest token of a text. */
export interface NextToken {
  /** Which text, below the plan's `texts`. */
  readonly text: number;
  /** The token. */
  readonly id: number;
  /** All positions before it have been read. */
  readonly position: number;
}

/** The programs of decode_plan.ts on a device. */
export class Decoder {
  readonly #plan: Plan;
  readonly #session: Session;
  readonly #lengths: readonly number[];

  /** Of a session with the plan's programs. */
  constructor(plan: Plan, session: Session) {
    this.#plan = plan;
    this.#session = session;
    this.#lengths = prefillLengths(plan.model.seqLen);
  }

  /**
   * Reads `ids` as a text's tokens from position `from` (default 0) on, those before being read: logits [vocabSize] of
   * the token after the last. Throws RangeError without ids, for ids outside the vocabulary, and where they reach beyond
   * the model's sequence length.
   */
  async prefill(
    ids: Uint32Array,
    { text = 0, from = 0 }: { readonly text?: number; readonly from?: number } = {},
  ): Promise<Float32Array> {
    const { model: { seqLen, vocabSize } } = this.#checked(text);
    if (ids.length === 0) throw new RangeError("Cannot predict after nothing: give one token at least");
    if (from + ids.length > seqLen) {
      throw new RangeError(
        `Cannot read ${ids.length} tokens from position ${from} on: the model's sequences have ${seqLen}`,
      );
    }
    checkTokens(ids, { limit: vocabSize, what: "prompt" });
    for (let at = 0; at < ids.length;) {
      // A window that is a quarter empty costs less than two.
      const left = ids.length - at, [least] = this.#lengths;
      const length = this.#lengths.findLast((n) => 3 * n <= 4 * left) ?? least;
      const part = ids.subarray(at, at + length), tokens = new Uint32Array(length);
      tokens.set(part);
      this.#session.write({
        [`prefill/${length}/tokens`]: numbers([1, length], tokens), // what stands behind the last is never attended to
        [`prefill/${length}/positions`]: numbers([1, length], tokens.map((_, i) => from + at + i)),
        "prefill/row": numbers([1], [part.length - 1]),
        "prefill/place": numbers([1], [text * seqLen + from + at]),
      });
      this.#session.run([`prefill/${length}`]).catch(() => {}); // the read that follows hears of it
      at += part.length;
    }
    return await this.#logits("prefill/logits", 1).then(([one]) => one);
  }

  /** Reads a token of each of some texts: logits [vocabSize] of the next ones, in order. Throws RangeError as `prefill`. */
  async decode(tokens: readonly NextToken[]): Promise<readonly Float32Array[]> {
    if (tokens.length === 0) return [];
    const { model: { seqLen, vocabSize }, texts } = this.#plan;
    const count = decodeCounts(texts).find((n) => n >= tokens.length);
    if (count === undefined || new Set(tokens.map(({ text }) => text)).size < tokens.length) {
      throw new RangeError(
        `Cannot go on with ${tokens.length} tokens: wanted one each of up to ${texts} texts`,
      );
    }
    for (const { text, position } of tokens) {
      this.#checked(text);
      if (!(position < seqLen)) {
        throw new RangeError(
          `Cannot read a token at position ${position}: the model's sequences have ${seqLen}`,
        );
      }
    }
    const ids = new Uint32Array(count), positions = new Uint32Array(count);
    const places = new Uint32Array(count).fill(texts * seqLen); // no text's: rows to spare do nothing
    tokens.forEach(({ text, id, position }, i) => {
      [ids[i], positions[i], places[i]] = [id, position, text * seqLen + position];
    });
    checkTokens(ids, { limit: vocabSize, what: "text" });
    const name = `decode/${count}`;
    this.#session.write({
      [`${name}/tokens`]: numbers([count, 1], ids),
      [`${name}/positions`]: numbers([count, 1], positions),
      [`${name}/places`]: numbers([count], places),
    });
    this.#session.run([name]).catch(() => {}); // the read that follows hears of it
    return await this.#logits(`${name}/logits`, tokens.length);
  }

  /** Makes what was read of text `from` what was read of text `to`. */
  async copy({ from, to }: { readonly from: number; readonly to: number }): Promise<void> {
    this.#checked(from);
    this.#checked(to);
    if (from === to) return;
    this.#session.write({ "copy/from": numbers([1], [from]), "copy/to": numbers([1], [to]) });
    await this.#session.run(["copy"]);
  }

  async #logits(label: string, rows: number): Promise<readonly Float32Array[]> {
    const { vocabSize, paddedVocabSize } = this.#plan.model;
    const { data } = (await this.#session.read([label]))[label];
    const all = data instanceof Float32Array ? data : Float32Array.from(data);
    return Array.from(
      { length: rows },
      (_, i) => all.subarray(i * paddedVocabSize, i * paddedVocabSize + vocabSize),
    );
  }

  #checked(text: number): Plan {
    const { texts } = this.#plan;
    if (texts === 0) throw new RangeError("Cannot sample: the plan has no sampling");
    if (Number.isInteger(text) && text >= 0 && text < texts) return this.#plan;
    throw new RangeError(`Cannot go on with text ${text}: the plan has ${texts}, from 0`);
  }
}

function numbers(shape: readonly number[], values: ArrayLike<number>): TensorMap[string] {
  return { shape, data: Uint32Array.from(values) };
}
