/**
 * MT19937, the Mersenne Twister that PyTorch's CPU generator, Python's `random` and NumPy's RandomState use.
 * Each of them converts the generator's words to numbers differently: see torch_random.ts, python_random.ts
 * and numpy_random.ts. MT19937 is used only to reproduce published results of these libraries; everything
 * else uses random numbers from philox.ts.
 *
 * Source: Matsumoto and Nishimura 1998, "Mersenne Twister"; their mt19937ar.c.
 *
 * @module
 */

const SIZE = 624;
const MIDDLE = 397;

/** A stream of random 32-bit words. */
export class MersenneTwister {
  readonly #words = new Uint32Array(SIZE);
  #at = SIZE;

  /**
   * Seeds the generator with one word (`init_genrand`) or with a list of at least one word (`init_by_array`).
   * Throws RangeError for a word that is not a whole number from 0 to 2^32 - 1.
   */
  constructor(seed: number | readonly number[]) {
    for (const word of typeof seed === "number" ? [seed] : seed) {
      if (!Number.isInteger(word) || word < 0 || word >= 2 ** 32) {
        throw new RangeError(`Cannot seed with ${word}: give a whole number from 0 to 4294967295`);
      }
    }
    if (typeof seed === "number") this.#start(seed);
    else this.#startFrom(seed);
  }

  /** Returns the next 32 random bits as a whole number from 0 to 2^32 - 1. */
  next(): number {
    if (this.#at === SIZE) this.#twist();
    let word = this.#words[this.#at++];
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9D2C5680;
    word ^= (word << 15) & 0xEFC60000;
    return (word ^ (word >>> 18)) >>> 0;
  }

  #start(seed: number): void {
    let word = seed >>> 0;
    this.#words[0] = word;
    for (let i = 1; i < SIZE; i++) {
      word = (Math.imul(1812433253, word ^ (word >>> 30)) + i) >>> 0;
      this.#words[i] = word;
    }
  }

  #startFrom(key: readonly number[]): void {
    const words = this.#words;
    this.#start(19650218);
    let i = 1;
    const step = (): void => {
      if (++i < SIZE) return;
      words[0] = words[SIZE - 1];
      i = 1;
    };
    const mixed = (factor: number): number =>
      words[i] ^ Math.imul(words[i - 1] ^ (words[i - 1] >>> 30), factor);
    for (let k = 0, j = 0; k < Math.max(SIZE, key.length); k++, j = (j + 1) % key.length) {
      words[i] = mixed(1664525) + key[j] + j;
      step();
    }
    for (let k = 1; k < SIZE; k++) {
      words[i] = mixed(1566083941) - i;
      step();
    }
    words[0] = 0x80000000;
  }

  #twist(): void {
    const words = this.#words;
    for (let i = 0; i < SIZE; i++) {
      const joined = (words[i] & 0x80000000) | (words[(i + 1) % SIZE] & 0x7FFFFFFF);
      words[i] = words[(i + MIDDLE) % SIZE] ^ (joined >>> 1) ^ ((joined & 1) * 0x9908B0DF);
    }
    this.#at = 0;
  }
}

/**
 * Returns a number in [0, 1) made from 53 bits of two words, as Python's `random()` and NumPy's
 * `random_sample()` compute it.
 */
export function uniform53(words: MersenneTwister): number {
  const high = words.next() >>> 5, low = words.next() >>> 6;
  return (high * 2 ** 26 + low) / 2 ** 53;
}
