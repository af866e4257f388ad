/**
 * Looks up token ids by bytes. A polynomial hash gives the hash of every prefix and suffix of a token without
 * copying bytes; loading a published vocabulary spends most of its time on such lookups.
 *
 * @module
 */

const BASE = 0x01000193; // odd, so that multiplication modulo 2^32 loses no bits

/** Maps bytes to token ids; if several tokens have equal bytes, the least of their ids is used. */
export class ByteIndex {
  readonly #tokens: readonly (Uint8Array | undefined)[];
  readonly #slots: Int32Array; // hash table of ids with open addressing, at most half full; -1: empty
  readonly #shift: number;
  #size = 0;

  /** `tokens` holds the bytes of each token, indexed by id; undefined for unused ids. */
  constructor(tokens: readonly (Uint8Array | undefined)[]) {
    const bits = Math.max(4, Math.ceil(Math.log2(tokens.length * 2 + 1)));
    this.#tokens = tokens;
    this.#slots = new Int32Array(2 ** bits).fill(-1);
    this.#shift = 32 - bits;
    tokens.forEach((bytes, id) => {
      if (bytes === undefined) return;
      const slot = this.#slot(hashOf(bytes), bytes, 0, bytes.length);
      if (this.#slots[slot] >= 0) return;
      this.#slots[slot] = id;
      this.#size++;
    });
  }

  /** Number of distinct tokens. */
  get size(): number {
    return this.#size;
  }

  /** Returns the id of the token with these bytes, or -1. */
  find(bytes: Uint8Array): number {
    return this.#slots[this.#slot(hashOf(bytes), bytes, 0, bytes.length)];
  }

  /** Calls `found` for each split of the bytes into two tokens, the shortest left token first. */
  splits(bytes: Uint8Array, found: (left: number, right: number) => void): void {
    const { length } = bytes, whole = hashOf(bytes);
    let prefix = 0; // hash of `bytes[0 … cut)`; the suffix's hash is `whole - prefix · BASE^(length - cut)`
    for (let cut = 1; cut < length; cut++) {
      prefix = Math.imul(prefix, BASE) + bytes[cut - 1] + 1 | 0;
      const left = this.#slots[this.#slot(prefix, bytes, 0, cut)];
      if (left < 0) continue;
      const suffix = whole - Math.imul(prefix, power(length - cut)) | 0;
      const right = this.#slots[this.#slot(suffix, bytes, cut, length)];
      if (right >= 0) found(left, right);
    }
  }

  /** Returns the slot of the token `bytes[start … end)`, or the empty slot where it would be added. */
  #slot(hash: number, bytes: Uint8Array, start: number, end: number): number {
    const mask = this.#slots.length - 1;
    let slot = Math.imul(hash ^ hash >>> 15, 0x85EBCA77) >>> this.#shift;
    for (; this.#slots[slot] >= 0; slot = (slot + 1) & mask) {
      const token = this.#tokens[this.#slots[slot]];
      if (token !== undefined && same(token, bytes, start, end)) break;
    }
    return slot;
  }
}

function hashOf(bytes: Uint8Array): number {
  let hash = 0;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash, BASE) + bytes[i] + 1 | 0;
  return hash;
}

const powers: number[] = [1];

/** `BASE^length` modulo 2^32. */
function power(length: number): number {
  while (powers.length <= length) powers.push(Math.imul(powers[powers.length - 1], BASE));
  return powers[length];
}

function same(token: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (token.length !== end - start) return false;
  for (let i = 0; i < token.length; i++) if (token[i] !== bytes[start + i]) return false;
  return true;
}
