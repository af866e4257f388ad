/**
 * A set of keys in memory: open addressing over floats, no object a key.
 *
 * @module
 */

const SPAN = 2 ** 53; // keys are whole numbers from 1 to below it, evenly spread

/** Keys that are whole numbers from 1 to 2^53 - 1 and evenly spread, as hashes are. */
export class KeyTable {
  #slots = new Float64Array(1024); // 0: empty
  #size = 0;

  /** How many it holds. */
  get size(): number {
    return this.#size;
  }

  /** Whether it holds the key. */
  has(key: number): boolean {
    return this.#slots[this.#find(key)] === key;
  }

  /** Adds a key that may be there already. */
  add(key: number): void {
    const slot = this.#find(key);
    if (this.#slots[slot] === key) return;
    this.#slots[slot] = key;
    if (++this.#size * 2 > this.#slots.length) this.#grow();
  }

  /** All keys, ascending. */
  sorted(): Float64Array<ArrayBuffer> {
    const keys = new Float64Array(this.#size);
    let at = 0;
    for (const key of this.#slots) if (key !== 0) keys[at++] = key;
    return keys.sort();
  }

  /** Empties it, keeping its memory. */
  clear(): void {
    this.#slots.fill(0);
    this.#size = 0;
  }

  #find(key: number): number {
    const slots = this.#slots, mask = slots.length - 1;
    let slot = Math.floor(key * (slots.length / SPAN)); // the key is a hash: its first bits are the place
    while (slots[slot] !== 0 && slots[slot] !== key) slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Float64Array(2 * old.length);
    for (const key of old) if (key !== 0) this.#slots[this.#find(key)] = key;
  }
}
