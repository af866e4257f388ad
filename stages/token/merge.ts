/**
 * Byte-pair merging of one chunk: the neighbouring pair with the lowest rank is merged first (the leftmost
 * one if ranks are equal), until no pair can be merged.
 *
 * @module
 */

const EMPTY = 0xFFFFFFFF;

/**
 * A hash table that maps a pair of ids to the rank and the id of its merge, with open addressing in flat
 * arrays.
 */
export class PairTable {
  #left: Uint32Array;
  #right: Uint32Array;
  #rank: Uint32Array;
  #id: Uint32Array;
  #shift: number;
  #size = 0;

  /** `pairs` is the expected number of pairs; the table grows if more are added. */
  constructor(pairs: number) {
    const bits = Math.max(4, Math.ceil(Math.log2(pairs * 2 + 1)));
    this.#shift = 32 - bits;
    this.#left = new Uint32Array(2 ** bits).fill(EMPTY);
    this.#right = new Uint32Array(2 ** bits);
    this.#rank = new Uint32Array(2 ** bits);
    this.#id = new Uint32Array(2 ** bits);
  }

  /** Number of pairs. */
  get size(): number {
    return this.#size;
  }

  /** Adds a pair, unless the table has it already. */
  add(left: number, right: number, merge: { readonly rank: number; readonly id: number }): void {
    const slot = this.#slot(left, right);
    if (this.#left[slot] !== EMPTY) return;
    this.#put(slot, left, right, merge.rank, merge.id);
    if (++this.#size * 2 > this.#left.length) this.#grow();
  }

  /** Returns the rank of the pair's merge, or 0xFFFFFFFF if the pair does not merge. */
  rank(left: number, right: number): number {
    const slot = this.#slot(left, right);
    return this.#left[slot] === EMPTY ? EMPTY : this.#rank[slot];
  }

  /** Returns the id that replaces the pair, or 0xFFFFFFFF if the pair does not merge. */
  id(left: number, right: number): number {
    const slot = this.#slot(left, right);
    return this.#left[slot] === EMPTY ? EMPTY : this.#id[slot];
  }

  #slot(left: number, right: number): number {
    const mask = this.#left.length - 1;
    let slot = Math.imul(Math.imul(left, 0x9E3779B1) ^ right, 0x85EBCA77) >>> this.#shift;
    while (this.#left[slot] !== EMPTY && (this.#left[slot] !== left || this.#right[slot] !== right)) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #put(slot: number, left: number, right: number, rank: number, id: number): void {
    this.#left[slot] = left;
    this.#right[slot] = right;
    this.#rank[slot] = rank;
    this.#id[slot] = id;
  }

  #grow(): void {
    const [left, right, rank, id] = [this.#left, this.#right, this.#rank, this.#id];
    this.#shift--;
    this.#left = new Uint32Array(left.length * 2).fill(EMPTY);
    this.#right = new Uint32Array(left.length * 2);
    this.#rank = new Uint32Array(left.length * 2);
    this.#id = new Uint32Array(left.length * 2);
    for (let i = 0; i < left.length; i++) {
      if (left[i] !== EMPTY) this.#put(this.#slot(left[i], right[i]), left[i], right[i], rank[i], id[i]);
    }
  }
}

/**
 * Merges the ids in place and returns how many are left. Only merges with a rank lower than `below` are made.
 */
export function merge(ids: Uint32Array, table: PairTable, below = EMPTY): number {
  if (table.size === 0) return ids.length;
  return ids.length <= 128 ? mergeShort(ids, table, below) : mergeLong(ids, table, below);
}

const ranks = new Uint32Array(128);

/** Searches all ranks before each merge: `O(n²)`, but fastest for words. */
function mergeShort(ids: Uint32Array, table: PairTable, below: number): number {
  let length = ids.length;
  for (let i = 0; i + 1 < length; i++) ranks[i] = table.rank(ids[i], ids[i + 1]);
  while (length > 1) {
    let best = 0;
    for (let i = 1; i + 1 < length; i++) if (ranks[i] < ranks[best]) best = i;
    if (ranks[best] >= below) break;
    ids[best] = table.id(ids[best], ids[best + 1]);
    length--;
    for (let i = best + 1; i < length; i++) {
      ids[i] = ids[i + 1];
      ranks[i - 1] = ranks[i];
    }
    if (best > 0) ranks[best - 1] = table.rank(ids[best - 1], ids[best]);
    if (best + 1 < length) ranks[best] = table.rank(ids[best], ids[best + 1]);
  }
  return length;
}

/**
 * Uses a heap of (rank, position) entries and a linked list of ids: `O(n log n)`. Outdated entries are
 * skipped.
 */
function mergeLong(ids: Uint32Array, table: PairTable, below: number): number {
  const length = ids.length;
  const next = new Int32Array(length), previous = new Int32Array(length);
  for (let i = 0; i < length; i++) {
    next[i] = i + 1 < length ? i + 1 : -1;
    previous[i] = i - 1;
  }
  const heap = new RankHeap(length);
  const pushPair = (left: number): void => {
    const rank = table.rank(ids[left], ids[next[left]]);
    if (rank < below) heap.push(rank, left);
  };
  for (let i = 0; i + 1 < length; i++) pushPair(i);
  const REMOVED = EMPTY;
  while (heap.size > 0) {
    const [rank, left] = heap.pop();
    const right = next[left];
    if (ids[left] === REMOVED || right < 0 || table.rank(ids[left], ids[right]) !== rank) continue;
    ids[left] = table.id(ids[left], ids[right]);
    ids[right] = REMOVED;
    next[left] = next[right];
    if (next[left] >= 0) {
      previous[next[left]] = left;
      pushPair(left);
    }
    if (previous[left] >= 0) pushPair(previous[left]);
  }
  let kept = 0;
  for (let i = 0; i >= 0; i = next[i]) ids[kept++] = ids[i];
  return kept;
}

/** A binary heap of the keys `rank · 2^32 + position`, which a float64 holds exactly for ranks below 2^21. */
class RankHeap {
  #keys: Float64Array;
  size = 0;

  constructor(capacity: number) {
    this.#keys = new Float64Array(Math.max(capacity, 16));
  }

  push(rank: number, position: number): void {
    if (this.size === this.#keys.length) {
      const grown = new Float64Array(this.size * 2);
      grown.set(this.#keys);
      this.#keys = grown;
    }
    const keys = this.#keys, key = rank * 0x100000000 + position;
    let i = this.size++;
    for (let parent = (i - 1) >> 1; i > 0 && keys[parent] > key; parent = (i - 1) >> 1) {
      keys[i] = keys[parent];
      i = parent;
    }
    keys[i] = key;
  }

  pop(): [rank: number, position: number] {
    const keys = this.#keys, top = keys[0], last = keys[--this.size];
    let i = 0;
    for (let child = 1; child < this.size; child = 2 * i + 1) {
      if (child + 1 < this.size && keys[child + 1] < keys[child]) child++;
      if (keys[child] >= last) break;
      keys[i] = keys[child];
      i = child;
    }
    keys[i] = last;
    const rank = Math.floor(top / 0x100000000);
    return [rank, top - rank * 0x100000000];
  }
}
