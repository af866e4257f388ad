/**
 * Models by counting: how often each letter came after the letters before it.
 *
 * @module
 */
import type { Examples } from "../letters.ts";

/** Counts of the letters that came after each context. */
export class Ngrams {
  /** Letters in a context: 1 makes pairs (bigrams). */
  readonly context: number;
  readonly #letters: number;
  readonly #rows = new Map<number, { readonly counts: Float64Array; total: number }>();

  /** Counts `examples`, whose letters are numbers below `letters`. */
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

  /** How often each letter came after `before` (its last letters are looked at), or null where `before` never came. */
  after(before: ArrayLike<number>): { readonly counts: Float64Array; readonly total: number } | null {
    const { context } = this, at = before.length - context;
    return this.#rows.get(keyOf(before, { at, context, letters: this.#letters })) ?? null;
  }

  /**
   * The probability of each letter after `before`, with `smoothing` added to every count. Contexts that never came give
   * every letter the same.
   */
  probabilities(before: ArrayLike<number>, smoothing: number): Float64Array {
    const row = this.after(before), letters = this.#letters;
    if (row === null) return new Float64Array(letters).fill(1 / letters);
    return row.counts.map((n) => (n + smoothing) / (row.total + smoothing * letters));
  }

  /** The mean of -log(probability) over examples of this context: the loss. Infinite where one is held impossible. */
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

/** Counts divided by their sum: odds. */
export function divided(counts: Float64Array): Float64Array {
  const sum = counts.reduce((a, b) => a + b, 0);
  return counts.map((n) => n / sum);
}

/** A context as one number. */
function keyOf(
  numbers: ArrayLike<number>,
  { at, context, letters }: { readonly at: number; readonly context: number; readonly letters: number },
): number {
  let key = 0;
  for (let i = at; i < at + context; i++) key = key * letters + numbers[i];
  return key;
}
