/**
 * A model that combines the counts for contexts of all lengths.
 *
 * Source: MacKay and Peto 1995, "A hierarchical Dirichlet language model".
 *
 * @module
 */
import type { Examples } from "./letters.ts";
import { Ngrams } from "./ngrams.ts";

/** `p(letter | context) = (count + m · p(letter | context without its first letter)) / (total + m)`. */
export class InterpolatedNgrams {
  readonly #lengths: readonly Ngrams[];
  readonly #letters: number;

  /**
   * Counts the examples for each context length: 0 letters, the last letter, the last two, …, up to the whole
   * context.
   */
  constructor(examples: Examples, letters: number) {
    this.#letters = letters;
    this.#lengths = Array.from(
      { length: examples.context + 1 },
      (_, context) => new Ngrams(withShorterContext(examples, context), letters),
    );
  }

  /** Returns the probability of each letter after `before`. */
  probabilities(before: ArrayLike<number>, m: number): Float64Array {
    let p = new Float64Array(this.#letters).fill(1 / this.#letters);
    for (const length of this.#lengths) {
      const row = length.countsAfter(before);
      if (row === null) break; // longer contexts did not occur either
      const { counts, total } = row, shorter = p;
      p = counts.map((n, i) => (n + m * shorter[i]) / (total + m));
    }
    return p;
  }

  /** Returns the mean of `-log(probability)` over examples. */
  loss(examples: Examples, m: number): number {
    return this.losses(examples, m).reduce((sum, loss) => sum + loss, 0) / examples.count;
  }

  /** `-log(probability)` of each example. */
  losses({ count, context, inputs, targets }: Examples, m: number): Float64Array {
    return Float64Array.from({ length: count }, (_, i) => {
      const before = inputs.subarray(i * context, (i + 1) * context), target = targets[i];
      let p = 1 / this.#letters;
      for (const length of this.#lengths) {
        const row = length.countsAfter(before);
        if (row === null) break;
        p = (row.counts[target] + m * p) / (row.total + m);
      }
      return -Math.log(p);
    });
  }
}

/** Returns the same examples with only the last `context` letters of each context. */
function withShorterContext(examples: Examples, context: number): Examples {
  const { count, inputs, targets, context: whole } = examples;
  const shorter = new Uint32Array(count * context);
  for (let i = 0; i < count; i++) {
    shorter.set(inputs.subarray((i + 1) * whole - context, (i + 1) * whole), i * context);
  }
  return { count, context, inputs: shorter, targets };
}
