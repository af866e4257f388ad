/**
 * Models that count how often each letter followed the letters before it.
 *
 * @module
 */
import type { Examples } from "./letters.ts";

/** Counts of the letters that followed one context. */
export interface ContextCounts {
  /** Count of each letter. */
  readonly counts: Float64Array;
  /** Sum of the counts. */
  readonly total: number;
}

/** Counts of the letters that followed each context. */
export class Ngrams {
  /** Number of letters in a context; 1 for pairs (bigrams). */
  readonly context: number;
  readonly #letters: number;
  readonly #rows = new Map<number, { readonly counts: Float64Array; total: number }>();

  /** Counts `examples`, whose letter ids are below `letters`. */
  constructor({ context, count, inputs, targets }: Examples, letters: number) {
    this.context = context;
    this.#letters = letters;
    for (let i = 0; i < count; i++) {
      const key = keyOf(inputs, { at: i * context, context, letters });
      let row = this.#rows.get(key);
      if (row === undefined) this.#rows.set(key, row = { counts: new Float64Array(letters), total: 0 });
      row.counts[targets[i]]++;
      row.total++;
    }
  }

  /** Number of different contexts that occurred. */
  get contexts(): number {
    return this.#rows.size;
  }

  /**
   * Counts of the letters after the context at the end of `before`, or null if the context never occurred.
   */
  countsAfter(before: ArrayLike<number>): ContextCounts | null {
    const { context } = this, at = before.length - context;
    return this.#rows.get(keyOf(before, { at, context, letters: this.#letters })) ?? null;
  }

  /**
   * Returns the probability of each letter after `before`, with `smoothing` added to every count. After a
   * context that never occurred, all letters are equally likely.
   */
  probabilities(before: ArrayLike<number>, smoothing: number): Float64Array {
    const row = this.countsAfter(before), letters = this.#letters;
    if (row === null) return new Float64Array(letters).fill(1 / letters);
    return row.counts.map((n) => (n + smoothing) / (row.total + smoothing * letters));
  }

  /**
   * Returns the loss: the mean of `-log(probability)` over examples, whose contexts must have the model's
   * length. The result is infinite if the model gives an example the probability 0.
   */
  loss({ count, context, inputs, targets }: Examples, smoothing: number): number {
    const letters = this.#letters;
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const row = this.#rows.get(keyOf(inputs, { at: i * context, context, letters }));
      const { total = 0 } = row ?? {}, n = row?.counts[targets[i]] ?? 0;
      sum -= total === 0 ? -Math.log(letters) : Math.log((n + smoothing) / (total + smoothing * letters));
    }
    return sum / count;
  }
}

/** Computes probabilities from counts: divides each count by the sum of all counts. */
export function probabilitiesFrom(counts: Float64Array): Float64Array {
  const sum = counts.reduce((a, b) => a + b, 0);
  return counts.map((n) => n / sum);
}

/** Returns a context encoded as a single number. */
function keyOf(
  ids: ArrayLike<number>,
  { at, context, letters }: { readonly at: number; readonly context: number; readonly letters: number },
): number {
  let key = 0;
  for (let i = at; i < at + context; i++) key = key * letters + ids[i];
  return key;
}
