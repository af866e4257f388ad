/**
 * numpy's RandomState, the generator behind `np.random.seed`: the same numbers from the same seed, as far as
 * MinHash and the lessons need it. Source: numpy/random/mtrand.pyx and its legacy distributions.
 *
 * @module
 */
import { MersenneTwister, uniform53 } from "./mersenne_twister.ts";

/** `numpy.random.RandomState(seed)`. */
export class NumpyRandom {
  readonly #words: MersenneTwister;
  #spare: number | null = null; // normal numbers come in pairs

  /** Throws RangeError for a seed that is no whole number from 0 to 2^32 - 1. */
  constructor(seed: number) {
    this.#words = new MersenneTwister(seed);
  }

  /** Uniform in [0, 1), 53 bits. */
  random(): number {
    return uniform53(this.#words);
  }

  /** A normal number, by the polar method. */
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
      do j = (this.#words.next() & mask) >>> 0; while (j > i); // drawn again, so that all are equally likely
      [items[i], items[j]] = [items[j], items[i]];
    }
    return items;
  }

  /**
   * `count` numbers from low to high - 1: numpy's randint(low, high, dtype=uint64). Both below 2^64 and more
   * than 2^32 apart: numpy draws closer ones another way.
   */
  integers(
    count: number,
    { low, high }: { readonly low: bigint; readonly high: bigint },
  ): BigUint64Array<ArrayBuffer> {
    const range = high - low - 1n;
    const mask = (1n << BigInt(range.toString(2).length)) - 1n;
    const out = new BigUint64Array(count);
    for (let i = 0; i < count;) {
      const value = (BigInt(this.#words.next()) << 32n | BigInt(this.#words.next())) & mask; // the high word first
      if (value <= range) out[i++] = low + value; // else drawn again, so that all are equally likely
    }
    return out;
  }
}
