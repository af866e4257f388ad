/**
 * Learns byte-pair merges from chunk counts: the most frequent pair of neighbouring tokens becomes a new
 * token, until the vocabulary is full.
 *
 * The count and the positions of each pair are updated with each merge, so that the cost of a merge depends
 * only on how much the merge changes. All positions of a pair are found in a single step: the merge that
 * makes the newer of the pair's two tokens. After that step the pair's count can only fall. So the positions
 * are in order without sorting, and the queue can be a heap whose entries are corrected only when they reach
 * the top. Source: Sennrich et al. 2016; karpathy/minbpe.
 *
 * @module
 */
import type { Merge } from "../bpe.ts";
import { byteOrder } from "../byte_characters.ts";
import type { ChunkCounter } from "./chunk_counter.ts";
import { PairTable } from "../merge.ts";
import { compareBytes } from "../compare_bytes.ts";

/** Which of several equally frequent pairs is merged; `TrainBpeOptions.tieBreak` explains the values. */
export type TieBreak = "first-seen" | "greatest" | "smallest-id";

const NONE = -1; // id of a position that was merged into the token on its left, or link without a neighbour

/**
 * The distinct chunks as one array of ids. Within a chunk each position is linked to the positions of the
 * previous and the next token; merges change ids and links.
 */
export class LinkedChunks {
  /** Token id at each position. */
  readonly ids: Int32Array;
  /** Position of the next token in the chunk. */
  readonly next: Int32Array;
  /** Position of the previous token in the chunk. */
  readonly previous: Int32Array;
  readonly #chunkAt: Int32Array; // index of the chunk that contains each position
  readonly #counts: readonly number[]; // number of occurrences of each chunk

  /** The chunks that a counter has counted, as bytes. */
  constructor({ index, counts }: ChunkCounter) {
    const utf8 = new TextEncoder();
    const all = index.joined();
    let start = 0;
    const chunks = index.lengths().map((length) => utf8.encode(all.slice(start, start += length)));
    const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    this.ids = new Int32Array(length);
    this.next = new Int32Array(length);
    this.previous = new Int32Array(length);
    this.#chunkAt = new Int32Array(length);
    this.#counts = counts;
    let at = 0;
    chunks.forEach((chunk, i) => {
      for (let j = 0; j < chunk.length; j++, at++) {
        this.ids[at] = chunk[j];
        this.previous[at] = j === 0 ? NONE : at - 1;
        this.next[at] = j + 1 === chunk.length ? NONE : at + 1;
        this.#chunkAt[at] = i;
      }
    });
  }

  /** Returns the number of times that the chunk at a position occurs in the texts. */
  weight(at: number): number {
    return this.#counts[this.#chunkAt[at]];
  }

  /** Returns whether token `left` is at a position and token `right` is the next token of the chunk. */
  holds(at: number, left: number, right: number): boolean {
    return this.ids[at] === left && this.next[at] >= 0 && this.ids[this.next[at]] === right;
  }

  /** Returns the number of tokens in all texts. */
  tokenCount(): number {
    let sum = 0;
    for (let at = 0; at < this.ids.length; at++) if (this.ids[at] !== NONE) sum += this.weight(at);
    return sum;
  }
}

/** The count and the positions of every pair; pairs are numbered in the order in which they appear. */
class Pairs {
  readonly left: number[] = [];
  readonly right: number[] = [];
  readonly count: number[] = [];
  readonly positions: number[][] = [];
  readonly #first: number[] = []; // for each pair, index of the first position that can still hold it
  readonly #table = new PairTable(1 << 12);

  constructor(readonly chunks: LinkedChunks) {}

  add(left: number, right: number, at: number): void {
    let pair = this.#table.id(left, right);
    if (pair === 0xFFFFFFFF) {
      pair = this.count.length;
      this.#table.add(left, right, { rank: 0, id: pair });
      this.left.push(left);
      this.right.push(right);
      this.count.push(0);
      this.positions.push([]);
      this.#first.push(0);
    }
    this.count[pair] += this.chunks.weight(at);
    this.positions[pair].push(at);
  }

  remove(left: number, right: number, at: number): void {
    this.count[this.#table.id(left, right)] -= this.chunks.weight(at);
  }

  /** Returns the first position at which a pair still occurs; its count must be above 0. */
  firstPosition(pair: number): number {
    const positions = this.positions[pair];
    while (!this.chunks.holds(positions[this.#first[pair]], this.left[pair], this.right[pair])) {
      this.#first[pair]++;
    }
    return positions[this.#first[pair]];
  }
}

/** Merges the most frequent pair until there are `vocabSize` tokens or no pair is left. Changes `chunks`. */
export function learnMerges(
  chunks: LinkedChunks,
  vocabSize: number,
  tieBreak: TieBreak,
): { tokens: Uint8Array[]; merges: Merge[] } {
  const tokens = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
  const merges: Merge[] = [];
  const pairs = new Pairs(chunks);
  for (let at = 0; at < chunks.ids.length; at++) {
    if (chunks.next[at] >= 0) pairs.add(chunks.ids[at], chunks.ids[chunks.next[at]], at);
  }
  const queue = new PairQueue(pairs, tieBreak, tokens);
  let queued = 0;
  while (tokens.length < vocabSize) {
    while (queued < pairs.count.length) queue.push(queued++);
    const pair = queue.pop();
    if (pair < 0) break; // no pair is left
    const id = tokens.length, left = pairs.left[pair], right = pairs.right[pair];
    tokens.push(Uint8Array.of(...tokens[left], ...tokens[right]));
    merges.push([left, right, id]);
    mergeEverywhere(pairs, pair, id);
  }
  return { tokens, merges };
}

/** Replaces a pair by `id` everywhere, from left to right: in "aaa" the first two letters are merged. */
function mergeEverywhere(pairs: Pairs, pair: number, id: number): void {
  const { ids, next, previous } = pairs.chunks;
  const left = pairs.left[pair], right = pairs.right[pair];
  for (const at of pairs.positions[pair]) {
    if (!pairs.chunks.holds(at, left, right)) continue;
    const merged = next[at], before = previous[at], after = next[merged];
    if (before >= 0) {
      pairs.remove(ids[before], left, before);
      pairs.add(ids[before], id, before);
    }
    if (after >= 0) {
      pairs.remove(right, ids[after], at);
      pairs.add(id, ids[after], at);
      previous[after] = at;
    }
    ids[at] = id;
    ids[merged] = NONE;
    next[at] = after;
  }
  pairs.count[pair] = 0;
  pairs.positions[pair] = [];
}

/**
 * A heap of pairs, ordered by count and then by the tie-break. A pair whose count has fallen since it was
 * placed in the heap is moved down when it reaches the top.
 */
class PairQueue {
  readonly #pairs: Pairs;
  readonly #tokens: readonly Uint8Array[];
  readonly #tieBreak: TieBreak;
  readonly #heap: number[] = [];
  readonly #count: number[] = []; // count of each pair when it was placed in the heap
  readonly #position: number[] = []; // first position of each pair when it was placed in the heap

  constructor(pairs: Pairs, tieBreak: TieBreak, tokens: readonly Uint8Array[]) {
    this.#pairs = pairs;
    this.#tieBreak = tieBreak;
    this.#tokens = tokens;
  }

  push(pair: number): void {
    if (this.#pairs.count[pair] === 0) return;
    this.#recordKey(pair);
    let i = this.#heap.push(pair) - 1;
    for (let parent = (i - 1) >> 1; i > 0 && this.#before(pair, this.#heap[parent]); parent = (i - 1) >> 1) {
      this.#heap[i] = this.#heap[parent];
      i = parent;
    }
    this.#heap[i] = pair;
  }

  /** Removes and returns the pair to merge next; -1 if no pair is left. */
  pop(): number {
    while (this.#heap.length > 0) {
      const top = this.#heap[0], count = this.#pairs.count[top];
      if (count > 0 && count === this.#count[top]) {
        this.#dropTop();
        return top;
      }
      if (count === 0) {
        this.#dropTop();
      } else {
        this.#recordKey(top);
        this.#sink(top);
      }
    }
    return -1;
  }

  /** Records the pair's current count, and its first position if needed, as its key in the heap. */
  #recordKey(pair: number): void {
    this.#count[pair] = this.#pairs.count[pair];
    if (this.#tieBreak === "first-seen") this.#position[pair] = this.#pairs.firstPosition(pair);
  }

  #dropTop(): void {
    const last = this.#heap.pop();
    if (last !== undefined && this.#heap.length > 0) this.#sink(last);
  }

  /** Places a pair at the top and moves it down to where it belongs. */
  #sink(pair: number): void {
    const heap = this.#heap;
    let i = 0;
    for (let child = 1; child < heap.length; child = 2 * i + 1) {
      if (child + 1 < heap.length && this.#before(heap[child + 1], heap[child])) child++;
      if (!this.#before(heap[child], pair)) break;
      heap[i] = heap[child];
      i = child;
    }
    heap[i] = pair;
  }

  /** Returns whether pair `a` is merged before pair `b`. */
  #before(a: number, b: number): boolean {
    if (this.#count[a] !== this.#count[b]) return this.#count[a] > this.#count[b];
    const { left, right } = this.#pairs;
    switch (this.#tieBreak) {
      case "first-seen":
        return this.#position[a] < this.#position[b];
      case "greatest":
        return (compareBytes(this.#tokens[left[a]], this.#tokens[left[b]]) ||
          compareBytes(this.#tokens[right[a]], this.#tokens[right[b]])) > 0;
      case "smallest-id":
        return (huggingFaceId(left[a]) - huggingFaceId(left[b]) ||
          huggingFaceId(right[a]) - huggingFaceId(right[b])) < 0;
    }
  }
}

/** Returns the id that Hugging Face's trainer gives to a token. */
function huggingFaceId(id: number): number {
  return id < 256 ? byteOrder[id] : id;
}
