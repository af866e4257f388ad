/**
 * Python's `random` module. It returns the same numbers as Python for the same seed.
 * Source: CPython, Lib/random.py and Modules/_randommodule.c.
 *
 * @module
 */
import { MersenneTwister, uniform53 } from "./mersenne_twister.ts";

/** `random.Random(seed)`. */
export class PythonRandom {
  readonly #words: MersenneTwister;

  /** Throws RangeError for a seed that is not a whole number from 0 to 2^53 - 1. */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new RangeError(`Cannot seed with ${seed}: give a whole number from 0 to 9007199254740991`);
    }
    const high = Math.floor(seed / 2 ** 32);
    this.#words = new MersenneTwister(high === 0 ? [seed] : [seed >>> 0, high]);
  }

  /** Returns a uniform number in [0, 1) with 53 random bits. */
  random(): number {
    return uniform53(this.#words);
  }

  /** Returns a uniform number between `low` and `high`. */
  uniform(low: number, high: number): number {
    return low + (high - low) * this.random();
  }

  /** Returns a whole number that is at least 0 and less than `below`; `below` must be from 1 to 2^32 - 1. */
  integer(below: number): number {
    const unused = Math.clz32(below);
    for (;;) {
      const value = this.#words.next() >>> unused;
      if (value < below) return value; // rejection keeps all numbers equally likely
    }
  }

  /** Returns `randint(low, high)`: a whole number from `low` to `high`, both included. */
  randint(low: number, high: number): number {
    return low + this.integer(high - low + 1);
  }

  /** Returns one of the items at random. Throws RangeError if there are none. */
  choice<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError("Cannot choose from no items: give at least one");
    return items[this.integer(items.length)];
  }

  /** Puts the items into a random order, in place; returns them. */
  shuffle<T>(items: T[]): T[] {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      [items[i], items[j]] = [items[j], items[i]];
    }
    return items;
  }
}
