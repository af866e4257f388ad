/**
 * Counts the word n-grams of a text without allocating strings. The words are concatenated, so that an n-gram
 * is a range of characters. Ranges are compared by a hash, computed in constant time from prefix hashes, and
 * then by their characters.
 *
 * @module
 */

const base = 0x01000193; // odd, so that multiplication by its powers loses no information modulo 2^32

/** The n-grams of words joined by `gap`. Two n-grams are equal if their joined texts are equal. */
export class NGrams {
  readonly #count: number;
  readonly #gap: number;
  readonly #units: Uint16Array;
  /**
   * Index in `#units` at which each word begins. The last element is the index where another word would
   * begin.
   */
  readonly #starts: Int32Array;
  /** Hash of the first `i` units, for each `i`. */
  readonly #prefix: Int32Array;
  /** `base` to the power `i`, for each `i`. */
  readonly #powers: Int32Array;
  /**
   * Number of code points in the first `i` units, for each `i`; null if every code point is a single unit.
   */
  readonly #points: Int32Array | null;
  /** Hash table with open addressing: word index of the first occurrence of an n-gram, or -1. */
  readonly #table: Int32Array;

  /** Concatenates the words, with `gap` between them. */
  constructor(words: readonly string[], gap: string) {
    this.#count = words.length;
    this.#gap = gap.length;
    const text = words.join(gap) + gap;
    this.#units = new Uint16Array(text.length);
    this.#prefix = new Int32Array(text.length + 1);
    this.#powers = new Int32Array(text.length + 1).fill(1);
    let hasPairs = false;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      this.#units[i] = unit;
      this.#prefix[i + 1] = Math.imul(this.#prefix[i], base) + unit;
      this.#powers[i + 1] = Math.imul(this.#powers[i], base);
      if (unit >= 0xD800 && unit < 0xE000) hasPairs = true;
    }
    this.#points = hasPairs ? codePoints(this.#units) : null;
    this.#starts = new Int32Array(words.length + 1);
    for (let i = 0; i < words.length; i++) {
      this.#starts[i + 1] = this.#starts[i] + words[i].length + gap.length;
    }
    this.#table = new Int32Array(1 << Math.ceil(Math.log2(2 * words.length + 2)));
  }

  /**
   * Returns the number of characters in all occurrences of the most frequent n-gram; if several are equally
   * frequent, it is the one that occurs first. The result is 0 if the text has fewer than `n` words.
   */
  top(n: number): number {
    this.#table.fill(-1);
    const counts = new Uint32Array(this.#count);
    for (let i = 0; i + n <= this.#count; i++) counts[this.#first(i, n)]++;
    let best = 0;
    for (let i = 1; i < counts.length; i++) if (counts[i] > counts[best]) best = i;
    return n <= this.#count ? counts[best] * this.#characters(best, n) : 0;
  }

  /**
   * Returns the number of characters in repeated n-grams. Counting continues after the end of each repeated
   * n-gram, so that no two of them overlap.
   */
  repeated(n: number): number {
    this.#table.fill(-1);
    let characters = 0;
    for (let i = 0; i + n <= this.#count;) {
      const isNew = this.#first(i, n) === i;
      if (!isNew) characters += this.#characters(i, n);
      i += isNew ? 1 : n;
    }
    return characters;
  }

  #end(i: number, n: number): number {
    return this.#starts[i + n] - this.#gap;
  }

  #characters(i: number, n: number): number {
    const from = this.#starts[i], to = this.#end(i, n);
    return this.#points === null ? to - from : this.#points[to] - this.#points[from];
  }

  /**
   * Returns the word index of the first occurrence of the n-gram that begins at word `i`. If the table does
   * not contain the n-gram yet, it is added and the result is `i`.
   */
  #first(i: number, n: number): number {
    const from = this.#starts[i], size = this.#end(i, n) - from;
    let hash = (this.#prefix[from + size] - Math.imul(this.#prefix[from], this.#powers[size])) | 0;
    hash = Math.imul(hash ^ (hash >>> 15), 0x85EBCA6B);
    const mask = this.#table.length - 1;
    for (let slot = (hash ^ (hash >>> 13)) & mask;; slot = (slot + 1) & mask) {
      const other = this.#table[slot];
      if (other < 0) return this.#table[slot] = i;
      if (this.#same(this.#starts[other], this.#end(other, n), from, size)) return other;
    }
  }

  #same(other: number, otherEnd: number, from: number, size: number): boolean {
    if (otherEnd - other !== size) return false;
    for (let k = 0; k < size; k++) if (this.#units[other + k] !== this.#units[from + k]) return false;
    return true;
  }
}

/** Returns the number of code points in the first `i` units, for each `i`. */
function codePoints(units: Uint16Array): Int32Array {
  const points = new Int32Array(units.length + 1);
  for (let i = 0; i < units.length; i++) {
    const second = units[i] >= 0xDC00 && units[i] < 0xE000 && i > 0 && units[i - 1] >= 0xD800 &&
      units[i - 1] < 0xDC00;
    points[i + 1] = points[i] + (second ? 0 : 1);
  }
  return points;
}
