/**
 * The parts of a fastText model: its dictionary, its quantized rows, its tree of labels.
 * Source: fastText's model format; Joulin et al. 2016, "FastText.zip".
 *
 * @module
 */
import type { FastTextReader } from "./fasttext_reader.ts";

/** FNV-1a as fastText has it: a byte counts as signed. */
export function fnv1a(hash: number, byte: number): number {
  return Math.imul(hash ^ ((byte << 24) >> 24), 0x01000193);
}

/** Word → its number, by hash and then by bytes. */
export class WordIndex {
  readonly #byHash = new Map<number, number[]>();

  /** Words in the order of their numbers, as UTF-8. */
  constructor(readonly all: readonly Uint8Array[]) {
    all.forEach((word, id) => {
      const hash = this.#hash(word);
      const same = this.#byHash.get(hash);
      if (same) same.push(id);
      else this.#byHash.set(hash, [id]);
    });
  }

  /** How many there are. */
  get size(): number {
    return this.all.length;
  }

  /** -1: not among them. */
  find(word: Uint8Array): number {
    for (const id of this.#byHash.get(this.#hash(word)) ?? []) {
      const known = this.all[id];
      if (known.length === word.length && known.every((byte, i) => byte === word[i])) return id;
    }
    return -1;
  }

  #hash(word: Uint8Array): number {
    let hash = 0x811C9DC5;
    for (const byte of word) hash = fnv1a(hash, byte);
    return hash;
  }
}

/** Rows stored as codes: each part of a row is one of 256 centroids. */
export class QuantizedRows {
  readonly #codes: Uint8Array;
  readonly #parts: Quantizer;
  readonly #normCodes: Uint8Array | null = null;
  readonly #norms: Quantizer | null = null;

  /** Reads them where the reader stands. */
  constructor(reader: FastTextReader) {
    const hasNorms = reader.byte() === 1;
    const rows = reader.int64();
    reader.skip(8); // columns
    this.#codes = reader.bytes(reader.int32());
    this.#parts = new Quantizer(reader);
    if (hasNorms) {
      this.#normCodes = reader.bytes(rows);
      this.#norms = new Quantizer(reader);
    }
  }

  /** Throws TypeError if it has fewer rows, or other columns. */
  check({ rows, columns }: { readonly rows: number; readonly columns: number }): void {
    const { count, width, lastWidth, centroids } = this.#parts;
    const sound = count >= 1 && width >= 1 && lastWidth >= 1 && lastWidth <= width &&
      (count - 1) * width + lastWidth === columns && centroids.length === 256 * columns &&
      this.#codes.length >= rows * count &&
      (this.#norms === null || this.#norms.centroids.length >= 256 && this.#normCodes!.length >= rows);
    if (sound) return;
    throw new TypeError(
      `Broken fastText model: ${this.#codes.length} codes of ${count} parts of ${width}, the last of ${lastWidth}, ` +
        `wanted ${rows} rows of ${columns}`,
    );
  }

  /** Adds a row to `sum`. */
  addTo(sum: Float32Array, row: number): void {
    const norm = this.#norms === null ? 1 : this.#norms.centroids[this.#normCodes![row]];
    const { count, width, lastWidth, centroids } = this.#parts;
    for (let part = 0; part < count; part++) {
      const code = this.#codes[row * count + part];
      const size = part === count - 1 ? lastWidth : width;
      const from = part * 256 * width + code * size;
      for (let i = 0; i < size; i++) sum[part * width + i] += norm * centroids[from + i];
    }
  }
}

/** A product quantizer's centroids: `count` parts of `width` numbers, the last of `lastWidth`. */
class Quantizer {
  readonly count: number;
  readonly width: number;
  readonly lastWidth: number;
  readonly centroids: Float32Array;

  constructor(reader: FastTextReader) {
    const dim = reader.int32();
    this.count = reader.int32();
    this.width = reader.int32();
    this.lastWidth = reader.int32();
    this.centroids = reader.floats(dim * 256);
  }
}

/** A node of the label tree; leaves first, the root last. */
export interface TreeNode {
  /** How often it was seen in training, with all below it. */
  count: number;
  /** Number of the node to the left; -1 for a leaf. */
  left: number;
  /** Number of the node to the right; -1 for a leaf. */
  right: number;
}

/** fastText's Huffman tree: `counts` fall, so two rising queues give the two rarest. */
export function huffmanTree(counts: readonly number[]): TreeNode[] {
  const tree: TreeNode[] = counts.map((count) => ({ count, left: -1, right: -1 }));
  let leaf = counts.length - 1;
  let inner = counts.length;
  const rarest = (): number => {
    if (leaf >= 0 && (inner >= tree.length || tree[leaf].count < tree[inner].count)) return leaf--;
    return inner++;
  };
  while (tree.length < 2 * counts.length - 1) {
    const left = rarest(), right = rarest();
    tree.push({ count: tree[left].count + tree[right].count, left, right });
  }
  return tree;
}
