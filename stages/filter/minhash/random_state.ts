/**
 * numpy's RandomState as far as MinHash needs it: whole numbers of 64 bits from a seed, the same as numpy's.
 * Source: Matsumoto and Nishimura 1998, "Mersenne Twister" (MT19937); numpy.random.RandomState.randint.
 *
 * @module
 */

const SIZE = 624;
const MIDDLE = 397;

/** MT19937, seeded as numpy.random.RandomState(seed). */
export class RandomState {
  readonly #words = new Uint32Array(SIZE);
  #at = SIZE;

  /** Throws RangeError for a seed that is no whole number from 0 to 2^32 - 1. */
  constructor(seed: number) {
    if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) {
      throw new RangeError(
        `Cannot seed MinHash's permutations with ${seed}: give a whole number from 0 to 4294967295`,
      );
    }
    let word = seed >>> 0;
    this.#words[0] = word;
    for (let i = 1; i < SIZE; i++) {
      word = (Math.imul(1812433253, word ^ (word >>> 30)) + i) >>> 0;
      this.#words[i] = word;
    }
  }

  /** 32 random bits. */
  next(): number {
    if (this.#at === SIZE) this.#twist();
    let word = this.#words[this.#at++];
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9D2C5680;
    word ^= (word << 15) & 0xEFC60000;
    return (word ^ (word >>> 18)) >>> 0;
  }

  /**
   * `count` numbers from low to high - 1: numpy's randint(low, high, dtype=uint64). Both below 2^64 and more than 2^32
   * apart: numpy draws closer ones another way.
   */
  integers(
    count: number,
    { low, high }: { readonly low: bigint; readonly high: bigint },
  ): BigUint64Array<ArrayBuffer> {
    const range = high - low - 1n;
    const mask = (1n << BigInt(range.toString(2).length)) - 1n;
    const out = new BigUint64Array(count);
    for (let i = 0; i < count;) {
      const value = (BigInt(this.next()) << 32n | BigInt(this.next())) & mask; // the first word is the high one
      if (value <= range) out[i++] = low + value; // else drawn again, so that all are equally likely
    }
    return out;
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
