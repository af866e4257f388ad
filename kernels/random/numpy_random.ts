/**
 * NumPy's RandomState, the generator that `np.random.seed` seeds. This class returns the same numbers as
 * NumPy for the same seed. It implements only the functions that MinHash and the lessons need. Source:
 * numpy/random/mtrand.pyx and its legacy distributions.
 *
 * @module
 */
import { MersenneTwister, uniform53 } from "./mersenne_twister.ts";

/** `numpy.random.RandomState(seed)`. */
export class NumpyRandom {
  readonly #words: MersenneTwister;
  #spare: number | null = null; // the second normal number of a pair

  /** Throws RangeError for a seed that is not a whole number from 0 to 2^32 - 1. */
  constructor(seed: number) {
    this.#words = new MersenneTwister(seed);
  }

  /** Returns a uniform number in [0, 1) with 53 random bits. */
  random(): number {
    return uniform53(this.#words);
  }

  /** Returns a normally distributed number, by the polar method. */
  normal(mean = 0, std = 1): number {
    if (this.#spare !== null) {
      const spare = this.#spare;
      this.#spare = null;
      return mean + std * spare;
    }
    for (;;) {
      const x = 2 * this.random() - 1, y = 2 * this.random() - 1;
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const factor = Math.sqrt(-2 * Math.log(square) / square);
      this.#spare = factor * x;
      return mean + std * factor * y;
    }
  }

  /** Puts the items into a random order, in place; returns them. */
  shuffle<T>(items: T[]): T[] {
    for (let i = items.length - 1; i > 0; i--) {
      const mask = 2 ** (32 - Math.clz32(i)) - 1;
      let j: number;
      do j = (this.#words.next() & mask) >>> 0; while (j > i); // rejection keeps all orders equally likely
      [items[i], items[j]] = [items[j], items[i]];
    }
    return items;
  }

  /**
   * Returns `count` whole numbers from `low` to `high - 1`, as `randint(low, high, dtype=uint64)` returns
   * them. `low` and `high` must be below 2^64 and differ by more than 2^32; for a smaller difference NumPy
   * uses another method.
   */
  integers(
    count: number,
    { low, high }: { readonly low: bigint; readonly high: bigint },
  ): BigUint64Array<ArrayBuffer> {
    const range = high - low - 1n;
    const mask = (1n << BigInt(range.toString(2).length)) - 1n;
    const out = new BigUint64Array(count);
    for (let i = 0; i < count;) {
      const high = BigInt(this.#words.next()), value = (high << 32n | BigInt(this.#words.next())) & mask;
      if (value <= range) out[i++] = low + value; // rejection keeps all numbers equally likely
    }
    return out;
  }
}
