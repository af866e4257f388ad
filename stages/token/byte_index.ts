/**
 * Ids of tokens found by bytes, where a token's beginnings and endings are looked up without cutting it: their hashes
 * follow from one another. Loading a published vocabulary is little else.
 *
 * @module
 */

const BASE = 0x01000193; // odd, so that multiplication by it loses nothing

/** Tokens by bytes, of equals the least id. */
export class ByteIndex {
  readonly #tokens: readonly (Uint8Array | undefined)[];
  readonly #slots: Int32Array; // ids, open addressing, at most half full
  readonly #shift: number;
  #size = 0;

  /** Tokens by id; undefined: no such token. */
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

  /** Number of tokens of different bytes. */
  get size(): number {
    return this.#size;
  }

  /** The id of a token, or -1. */
  find(bytes: Uint8Array): number {
    return this.#slots[this.#slot(hashOf(bytes), bytes, 0, bytes.length)];
  }

  /** Calls back for each way to cut bytes into two tokens, the shortest first part first. */
  cuts(bytes: Uint8Array, found: (left: number, right: number) => void): void {
    const { length } = bytes, whole = hashOf(bytes);
    let begin = 0; // hash of the first bytes; that of the rest is whole - begin · BASE^(length of the rest)
    for (let cut = 1; cut < length; cut++) {
      begin = Math.imul(begin, BASE) + bytes[cut - 1] + 1 | 0;
      const left = this.#slots[this.#slot(begin, bytes, 0, cut)];
      if (left < 0) continue;
      const end = whole - Math.imul(begin, power(length - cut)) | 0;
      const right = this.#slots[this.#slot(end, bytes, cut, length)];
      if (right >= 0) found(left, right);
    }
  }

  /** Where bytes[start … end) stand, or an empty slot. */
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

/** BASE to the power of a length. */
function power(length: number): number {
  while (powers.length <= length) powers.push(Math.imul(powers[powers.length - 1], BASE));
  return powers[length];
}

function same(token: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (token.length !== end - start) return false;
  for (let i = 0; i < token.length; i++) if (token[i] !== bytes[start + i]) return false;
  return true;
}
