/**
 * Predicts the next tokens of several texts with a KV cache, so that the model computes each token once.
 *
 * @module
 */
import type { Session, SessionRanks } from "../../kernels/engine/engine.ts";
import { checkTokens } from "./check_inputs.ts";
import { decodeCounts, prefillLengths, scoredLength } from "./decode_plan.ts";
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

/** Returns whether the texts of a plan are dealt out among processes, if there are several. */
export function isDealt({ sampling }: Plan): boolean {
  return typeof sampling === "object" && sampling.dealt === true;
}

/**
 * Runs the programs of decode_plan.ts.
 *
 * If texts are dealt out, text `t` belongs to process `t % N`, which reads its tokens one by one. Several
 * tokens at once, as a prompt has them, are read by all processes: a copy of a prompt may belong to any of
 * them.
 */
export class Decoder {
  readonly #plan: Plan;
  readonly #session: Session;
  readonly #lengths: readonly number[];
  readonly #counts: readonly number[];
  /** The processes that generate texts together; null if one does. */
  readonly #ranks: SessionRanks | null;

  /** `session` must have the plan's programs. */
  constructor(plan: Plan, session: Session) {
    this.#plan = plan;
    this.#session = session;
    this.#lengths = prefillLengths(plan.cacheLength);
    this.#counts = decodeCounts(plan.texts, plan.quantized);
    this.#ranks = isDealt(plan) ? session.ranks ?? null : null;
  }

  /** Whether several processes generate texts together, so that one text's cache is not that of all. */
  get deals(): boolean {
    return this.#ranks !== null;
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
    this.#checkPrompt(ids, { text, from });
    for (let at = 0; at < ids.length;) {
      // Running one program is faster than running two, even if up to a quarter of its tokens are padding.
      const left = ids.length - at, [shortest] = this.#lengths;
      const length = this.#lengths.findLast((n) => 3 * n <= 4 * left) ?? shortest;
      const part = ids.subarray(at, at + length);
      this.#session.write({ "prefill/row": integers([1], [part.length - 1]) });
      this.#readPart(`prefill/${length}`, { part, length, text, from: from + at });
      at += part.length;
    }
    const [logits] = await this.#logits("prefill/logits", [{ rank: this.#rankOf(text), row: 0 }]);
    return logits;
  }

  /**
   * As `prefill`, for at most `scoredLength` tokens. Returns the logits [vocabSize] after each of them.
   * Throws RangeError also for a plan without `scores`.
   */
  async prefillScores(
    ids: Uint32Array,
    { text = 0, from = 0 }: { readonly text?: number; readonly from?: number } = {},
  ): Promise<readonly Float32Array[]> {
    this.#checkPrompt(ids, { text, from });
    const { cacheLength, sampling } = this.#plan, length = scoredLength(cacheLength);
    if (typeof sampling !== "object" || sampling.scores !== true) {
      throw new RangeError("Cannot score a prompt: the plan has no `scores`");
    }
    if (ids.length > length) {
      throw new RangeError(`Cannot score ${ids.length} tokens at once: give at most ${length}`);
    }
    this.#readPart("prefill/scores", { part: ids, length, text, from });
    const rows = Array.from(ids, (_, row) => ({ rank: this.#rankOf(text), row }));
    return await this.#logits("prefill/scores/logits", rows);
  }

  /** Starts a program that reads up to `length` tokens of a text. */
  #readPart(
    program: string,
    { part, length, text, from }: {
      readonly part: Uint32Array;
      readonly length: number;
      readonly text: number;
      readonly from: number;
    },
  ): void {
    const tokens = new Uint32Array(length);
    tokens.set(part); // the padding after it is never attended to
    this.#session.write({
      [`${program}/tokens`]: integers([1, length], tokens),
      [`${program}/positions`]: integers([1, length], tokens.map((_, i) => from + i)),
      "prefill/firstRow": integers([1], [text * this.#plan.cacheLength + from]),
    });
    this.#session.run([program]).catch(() => {}); // the next read rejects with the same error
  }

  #checkPrompt(
    ids: Uint32Array,
    { text, from }: { readonly text: number; readonly from: number },
  ): void {
    const { model: { vocabSize }, cacheLength: seqLen } = this.#checked(text);
    if (ids.length === 0) throw new RangeError("Cannot predict from no tokens: give at least one");
    if (from + ids.length > seqLen) {
      throw new RangeError(
        `Cannot read ${ids.length} tokens from position ${from} on: the model's sequence length is ${seqLen}`,
      );
    }
    checkTokens(ids, { limit: vocabSize, what: "prompt" });
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
    const most = this.#counts.at(-1) ?? 0, { size } = this.#ranks ?? { size: 1 };
    const parts = Array.from(
      { length: size },
      (_, rank) => tokens.filter(({ text }) => this.#rankOf(text) === rank),
    );
    const found = new Map<LastToken, Float32Array>();
    for (let at = 0; parts.some((part) => at < part.length); at += most) {
      await this.#decodeBatch(parts.map((part) => part.slice(at, at + most)), found);
    }
    return tokens.map((token) => found.get(token)!);
  }

  /** Decodes at most as many tokens of each process as the largest decode program takes. */
  async #decodeBatch(
    parts: readonly (readonly LastToken[])[],
    found: Map<LastToken, Float32Array>,
  ): Promise<void> {
    const { model: { vocabSize }, cacheLength: seqLen, texts } = this.#plan;
    const most = Math.max(...parts.map(({ length }) => length));
    const count = this.#counts.find((n) => n >= most) ?? 0, all = count * parts.length;
    const ids = new Uint32Array(all), positions = new Uint32Array(all);
    const firstRows = new Uint32Array(all).fill(texts * seqLen); // beyond the cache: padding is not stored
    const places = parts.flatMap((part, rank) => part.map((token, row) => ({ token, rank, row })));
    for (const { token: { text, id, position }, rank, row } of places) {
      const i = rank * count + row;
      [ids[i], positions[i], firstRows[i]] = [id, position, text * seqLen + position];
    }
    checkTokens(ids, { limit: vocabSize, what: "text" });
    const name = `decode/${count}`;
    this.#session.write({
      [`${name}/tokens`]: integers([all, 1], ids),
      [`${name}/positions`]: integers([all, 1], positions),
      [`${name}/firstRows`]: integers([all], firstRows),
    });
    this.#session.run([name]).catch(() => {}); // the next read rejects with the same error
    const logits = await this.#logits(`${name}/logits`, places);
    places.forEach(({ token }, i) => found.set(token, logits[i]));
  }

  /** Copies the cache of text `from` to text `to`. */
  async copy({ from, to }: { readonly from: number; readonly to: number }): Promise<void> {
    this.#checked(from);
    this.#checked(to);
    if (from === to) return;
    this.#session.write({ "copy/from": integers([1], [from]), "copy/to": integers([1], [to]) });
    await this.#session.run(["copy"]);
  }

  /** Reads rows of logits, each of the process that has computed it. */
  async #logits(
    label: string,
    rows: readonly { readonly rank: number; readonly row: number }[],
  ): Promise<readonly Float32Array[]> {
    const { vocabSize, paddedVocabSize } = this.#plan.model, ranks = this.#ranks;
    const all = ranks === null
      ? floats((await this.#session.read([label]))[label].data)
      : await ranks.gather(label);
    const each = all.length / (ranks?.size ?? 1);
    return rows.map(({ rank, row }) => {
      const at = rank * each + row * paddedVocabSize;
      return all.subarray(at, at + vocabSize);
    });
  }

  /** Returns the process that a text belongs to. */
  #rankOf(text: number): number {
    return this.#ranks === null ? 0 : text % this.#ranks.size;
  }

  #checked(text: number): Plan {
    const { texts } = this.#plan;
    if (texts === 0) throw new RangeError("Cannot generate text: the plan has no sampling");
    if (Number.isInteger(text) && text >= 0 && text < texts) return this.#plan;
    throw new RangeError(`Cannot generate text ${text}: the plan has ${texts}, numbered from 0`);
  }
}
