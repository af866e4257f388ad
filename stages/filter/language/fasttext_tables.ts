/**
 * The tables of a fastText model: the dictionary, the quantized input matrix and the tree of labels.
 * Source: fastText's model format; Joulin et al. 2016, "FastText.zip".
 *
 * @module
 */
import type { FastTextReader } from "./fasttext_reader.ts";

/** Computes one step of the FNV-1a hash as in fastText, which treats bytes as signed. */
export function fnv1a(hash: number, byte: number): number {
  return Math.imul(hash ^ ((byte << 24) >> 24), 0x01000193);
}

/** The dictionary: word → its index in the model. */
export class WordIndex {
  readonly #byHash = new Map<number, number[]>();

  /** Builds the dictionary from words in UTF-8. The index of a word is its position in the list. */
  constructor(readonly all: readonly Uint8Array[]) {
    all.forEach((word, id) => {
      const hash = this.#hash(word);
      const same = this.#byHash.get(hash);
      if (same) same.push(id);
      else this.#byHash.set(hash, [id]);
    });
  }

  /** Number of words. */
  get size(): number {
    return this.all.length;
  }

  /** Returns the index of a word, or -1 if the dictionary does not contain it. */
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

/** A matrix with product quantization: each part of a row is stored as the index of one of 256 centroids. */
export class QuantizedRows {
  readonly #codes: Uint8Array;
  readonly #parts: Quantizer;
  readonly #normCodes: Uint8Array | null = null;
  readonly #norms: Quantizer | null = null;

  /** Reads the matrix at the reader's position. */
  constructor(reader: FastTextReader) {
    const hasNorms = reader.byte() === 1;
    const rows = reader.int64();
    reader.skip(8); // number of columns
    this.#codes = reader.bytes(reader.int32());
    this.#parts = new Quantizer(reader);
    if (hasNorms) {
      this.#normCodes = reader.bytes(rows);
      this.#norms = new Quantizer(reader);
    }
  }

  /** Throws TypeError unless the matrix has at least `rows` rows and exactly `columns` columns. */
  check({ rows, columns }: { readonly rows: number; readonly columns: number }): void {
    const { count, width, lastWidth, centroids } = this.#parts;
    const valid = count >= 1 && width >= 1 && lastWidth >= 1 && lastWidth <= width &&
      (count - 1) * width + lastWidth === columns && centroids.length === 256 * columns &&
      this.#codes.length >= rows * count &&
      (this.#norms === null || this.#norms.centroids.length >= 256 && this.#normCodes!.length >= rows);
    if (valid) return;
    throw new TypeError(
      `Broken fastText model: its input has ${this.#codes.length} codes for rows of ${count} parts of width ${width}, ` +
        `the last of width ${lastWidth}; expected ${rows} rows of ${columns} columns`,
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

/**
 * Centroids of a product quantizer with `count` parts. Each part has `width` numbers, but the last one has
 * `lastWidth`.
 */
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

/** A node of the label tree. */
export interface TreeNode {
  /** Number of occurrences in training of all labels below the node. */
  count: number;
  /** Index of the left child; -1 for a leaf. */
  left: number;
  /** Index of the right child; -1 for a leaf. */
  right: number;
}

/**
 * Returns the Huffman tree of fastText: first a leaf for each label, then inner nodes, the root last. Because
 * `counts` are in descending order, the rarest node is always the last unused leaf or the first unused inner
 * node.
 */
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
