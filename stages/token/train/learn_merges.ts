/**
 * Byte-pair merges from counted chunks: the most frequent pair becomes a token, again and again.
 *
 * Pair counts are kept up to date along with the places where each pair stands, so one merge costs as much as it
 * changes. Every place of a pair comes to be in the one step that made the younger of its two tokens, and after that
 * its count only falls: therefore places are in order without sorting, and a heap whose entries are corrected when they
 * come to the top always gives the true maximum. Source: Sennrich et al. 2016; karpathy/minbpe.
 *
 * @module
 */
import type { Merge } from "../bpe.ts";
import { byteOrder } from "../byte_characters.ts";
import type { ChunkCounter } from "./chunk_counter.ts";
import { PairTable } from "../merge.ts";
import { compareBytes } from "../vocabulary.ts";

/** Which of several equally frequent pairs is merged. */
export type TieBreak = "first-seen" | "greatest" | "smallest-id";

const GONE = -1;

/** The different chunks as one row of ids, linked within each chunk. */
export class Words {
  readonly ids: Int32Array;
  readonly next: Int32Array;
  readonly previous: Int32Array;
  readonly #wordAt: Int32Array;
  readonly #counts: readonly number[];

  /** Of counted chunks. */
  constructor({ index, counts }: ChunkCounter) {
    const utf8 = new TextEncoder();
    const all = index.joined();
    let start = 0;
    const words = index.lengths().map((length) => utf8.encode(all.slice(start, start += length)));
    const length = words.reduce((sum, word) => sum + word.length, 0);
    this.ids = new Int32Array(length);
    this.next = new Int32Array(length);
    this.previous = new Int32Array(length);
    this.#wordAt = new Int32Array(length);
    this.#counts = counts;
    let at = 0;
    words.forEach((word, i) => {
      for (let j = 0; j < word.length; j++, at++) {
        this.ids[at] = word[j];
        this.previous[at] = j === 0 ? GONE : at - 1;
        this.next[at] = j + 1 === word.length ? GONE : at + 1;
        this.#wordAt[at] = i;
      }
    });
  }

  /** How often the chunk at a place was met. */
  weight(at: number): number {
    return this.#counts[this.#wordAt[at]];
  }

  /** Whether left and right stand at a place. */
  holds(at: number, left: number, right: number): boolean {
    return this.ids[at] === left && this.next[at] >= 0 && this.ids[this.next[at]] === right;
  }

  /** Tokens of all texts. */
  tokenCount(): number {
    let sum = 0;
    for (let at = 0; at < this.ids.length; at++) if (this.ids[at] !== GONE) sum += this.weight(at);
    return sum;
  }
}

/** Counts and places of every pair. */
class Pairs {
  readonly left: number[] = [];
  readonly right: number[] = [];
  readonly count: number[] = [];
  readonly places: number[][] = [];
  readonly #first: number[] = []; // index into places: what stands before it has gone
  readonly #table = new PairTable(1 << 12);

  constructor(readonly words: Words) {}

  add(left: number, right: number, at: number): void {
    let pair = this.#table.id(left, right);
    if (pair === 0xFFFFFFFF) {
      pair = this.count.length;
      this.#table.add(left, right, { rank: 0, id: pair });
      this.left.push(left);
      this.right.push(right);
      this.count.push(0);
      this.places.push([]);
      this.#first.push(0);
    }
    this.count[pair] += this.words.weight(at);
    this.places[pair].push(at);
  }

  remove(left: number, right: number, at: number): void {
    this.count[this.#table.id(left, right)] -= this.words.weight(at);
  }

  /** The first place where a pair of count above 0 still stands. */
  firstPlace(pair: number): number {
    const places = this.places[pair];
    while (!this.words.holds(places[this.#first[pair]], this.left[pair], this.right[pair])) {
      this.#first[pair]++;
    }
    return places[this.#first[pair]];
  }
}

/** Merges the most frequent pair until there are so many tokens, or nothing is left to merge. Changes the words. */
export function learnMerges(
  words: Words,
  vocabSize: number,
  tieBreak: TieBreak,
): { tokens: Uint8Array[]; merges: Merge[] } {
  const tokens = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
  const merges: Merge[] = [];
  const pairs = new Pairs(words);
  for (let at = 0; at < words.ids.length; at++) {
    if (words.next[at] >= 0) pairs.add(words.ids[at], words.ids[words.next[at]], at);
  }
  const queue = new PairQueue(pairs, tieBreak, tokens);
  let queued = 0;
  while (tokens.length < vocabSize) {
    while (queued < pairs.count.length) queue.push(queued++);
    const pair = queue.pop();
    if (pair < 0) break; // nothing is left to merge
    const id = tokens.length, left = pairs.left[pair], right = pairs.right[pair];
    tokens.push(Uint8Array.of(...tokens[left], ...tokens[right]));
    merges.push([left, right, id]);
    mergeEverywhere(pairs, pair, id);
  }
  return { tokens, merges };
}

/** Puts `id` in every place of a pair, from left to right: in "aaa" the first two are merged. */
function mergeEverywhere(pairs: Pairs, pair: number, id: number): void {
  const { ids, next, previous } = pairs.words;
  const left = pairs.left[pair], right = pairs.right[pair];
  for (const at of pairs.places[pair]) {
    if (!pairs.words.holds(at, left, right)) continue;
    const gone = next[at], before = previous[at], after = next[gone];
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
    ids[gone] = GONE;
    next[at] = after;
  }
  pairs.count[pair] = 0;
  pairs.places[pair] = [];
}

/** A heap of pairs by count, ties as asked; an entry that has lost count is put right when it comes to the top. */
class PairQueue {
  readonly #pairs: Pairs;
  readonly #tokens: readonly Uint8Array[];
  readonly #tieBreak: TieBreak;
  readonly #heap: number[] = [];
  readonly #count: number[] = []; // as known to the heap
  readonly #place: number[] = [];

  constructor(pairs: Pairs, tieBreak: TieBreak, tokens: readonly Uint8Array[]) {
    this.#pairs = pairs;
    this.#tieBreak = tieBreak;
    this.#tokens = tokens;
  }

  push(pair: number): void {
    if (this.#pairs.count[pair] === 0) return;
    this.#note(pair);
    let i = this.#heap.push(pair) - 1;
    for (let parent = (i - 1) >> 1; i > 0 && this.#before(pair, this.#heap[parent]); parent = (i - 1) >> 1) {
      this.#heap[i] = this.#heap[parent];
      i = parent;
    }
    this.#heap[i] = pair;
  }

  /** The pair to merge next, or -1. */
  pop(): number {
    while (this.#heap.length > 0) {
      const top = this.#heap[0], now = this.#pairs.count[top];
      if (now > 0 && now === this.#count[top]) {
        this.#dropTop();
        return top;
      }
      if (now === 0) {
        this.#dropTop();
      } else {
        this.#note(top);
        this.#sink(top);
      }
    }
    return -1;
  }

  #note(pair: number): void {
    this.#count[pair] = this.#pairs.count[pair];
    if (this.#tieBreak === "first-seen") this.#place[pair] = this.#pairs.firstPlace(pair);
  }

  #dropTop(): void {
    const last = this.#heap.pop();
    if (last !== undefined && this.#heap.length > 0) this.#sink(last);
  }

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

  #before(a: number, b: number): boolean {
    if (this.#count[a] !== this.#count[b]) return this.#count[a] > this.#count[b];
    const { left, right } = this.#pairs;
    switch (this.#tieBreak) {
      case "first-seen":
        return this.#place[a] < this.#place[b];
      case "greatest":
        return (compareBytes(this.#tokens[left[a]], this.#tokens[left[b]]) ||
          compareBytes(this.#tokens[right[a]], this.#tokens[right[b]])) > 0;
      case "smallest-id":
        return (rankOf(left[a]) - rankOf(left[b]) || rankOf(right[a]) - rankOf(right[b])) < 0;
    }
  }
}

function rankOf(id: number): number {
  return id < 256 ? byteOrder[id] : id;
}
