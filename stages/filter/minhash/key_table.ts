/**
 * A set of keys in memory: a hash table with open addressing in a Float64Array, which needs no object per
 * key.
 *
 * @module
 */

const KEY_LIMIT = 2 ** 53; // all keys are less than this

/** A set of keys that are integers from 1 to 2^53 - 1, evenly distributed as hashes are. */
export class KeyTable {
  #slots = new Float64Array(1024); // 0 is an empty slot
  #size = 0;

  /** Number of keys. */
  get size(): number {
    return this.#size;
  }

  /** Returns whether the set contains a key. */
  has(key: number): boolean {
    return this.#slots[this.#find(key)] === key;
  }

  /** Adds a key; adding it again has no effect. */
  add(key: number): void {
    const slot = this.#find(key);
    if (this.#slots[slot] === key) return;
    this.#slots[slot] = key;
    if (++this.#size * 2 > this.#slots.length) this.#grow();
  }

  /** All keys in ascending order. */
  sorted(): Float64Array<ArrayBuffer> {
    const keys = new Float64Array(this.#size);
    let at = 0;
    for (const key of this.#slots) if (key !== 0) keys[at++] = key;
    return keys.sort();
  }

  /** Removes all keys but keeps the memory. */
  clear(): void {
    this.#slots.fill(0);
    this.#size = 0;
  }

  #find(key: number): number {
    const slots = this.#slots, mask = slots.length - 1;
    let slot = Math.floor(key * (slots.length / KEY_LIMIT)); // a key is a hash: its high bits select a slot
    while (slots[slot] !== 0 && slots[slot] !== key) slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Float64Array(2 * old.length);
    for (const key of old) if (key !== 0) this.#slots[this.#find(key)] = key;
  }
}
