/**
 * Writes small fastText models, byte by byte as fastText's `saveModel` does, and predicts with them by
 * definition: every n-gram as a string, and the probability of every label.
 *
 * @module
 */
import { uniformAt } from "../../../../kernels/random/philox.ts";

/** A model, and the numbers that a file states about it. A test may state wrong ones. */
export interface TinyModel {
  readonly dimensions: number;
  readonly buckets: number;
  readonly minNgram: number;
  readonly maxNgram: number;
  readonly words: readonly string[];
  /** Labels with their counts, which descend. */
  readonly labels: readonly (readonly [label: string, count: number])[];
  /** Row of each bucket that survived pruning; null for a model that was not pruned. */
  readonly kept: ReadonlyMap<number, number> | null;
  readonly hasNorms: boolean;
  /** Number of rows of the input: the words, then the buckets. */
  readonly rows: number;
  /** Width of each part of a row, and of the last one. */
  readonly width: number;
  readonly lastWidth: number;
  /** Number of parts. */
  readonly parts: number;
  /** Number of codes that the file lacks. */
  readonly missingCodes: number;
}

/** A model of three dimensions in two parts, three words, three labels and five buckets. */
export const tiny: TinyModel = {
  dimensions: 3,
  buckets: 5,
  minNgram: 1,
  maxNgram: 3,
  words: ["</s>", "a", "bé"],
  labels: [["__label__x", 9], ["__label__y", 5], ["__label__z", 2], ["__label__w", 1]],
  kept: null,
  hasNorms: true,
  rows: 8,
  width: 2,
  lastWidth: 1,
  parts: 2,
  missingCodes: 0,
};

const code = (row: number, part: number): number => Math.floor(256 * uniformAt(1, `code ${part}`, row));
const normCode = (row: number): number => Math.floor(256 * uniformAt(1, "norm code", row));
const centroid = (i: number): number => Math.fround(8 * uniformAt(1, "centroid", i) - 4);
const norm = (i: number): number => Math.fround(0.5 + uniformAt(1, "norm", i));
const weight = (i: number): number => Math.fround(2 * uniformAt(1, "weight", i) - 1);

/** The model's file. */
export function bytesOf(model: TinyModel): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const int32 = (...values: number[]) => parts.push(new Uint8Array(Int32Array.from(values).buffer));
  const int64 = (value: number) => parts.push(new Uint8Array(BigInt64Array.of(BigInt(value)).buffer));
  const bytes = (...values: number[]) => parts.push(Uint8Array.from(values));
  const floats = (count: number, f: (i: number) => number) =>
    parts.push(new Uint8Array(Float32Array.from({ length: count }, (_, i) => f(i)).buffer));
  const { dimensions, words, labels, kept, rows } = model;
  int32(793712314, 12, dimensions, 5, 5, 1, 5, 1, 1, 3, model.buckets, model.minNgram, model.maxNgram, 100);
  parts.push(new Uint8Array(8)); // sampling threshold
  int32(words.length + labels.length, words.length, labels.length);
  int64(1000);
  int64(kept?.size ?? -1);
  const entries = [
    ...words.map((word) => [word, 7, 0] as const),
    ...labels.map(([l, n]) => [l, n, 1] as const),
  ];
  for (const [text, count, type] of entries) {
    parts.push(new TextEncoder().encode(`${text}\0`));
    int64(count);
    bytes(type);
  }
  for (const [bucket, row] of kept ?? []) int32(bucket, row);
  bytes(1, model.hasNorms ? 1 : 0); // the input is quantized
  int64(rows);
  int64(dimensions);
  const codes = Array.from(
    { length: rows * model.parts },
    (_, i) => code(Math.floor(i / model.parts), i % model.parts),
  );
  int32(codes.length - model.missingCodes);
  bytes(...codes.slice(0, codes.length - model.missingCodes));
  int32(dimensions, model.parts, model.width, model.lastWidth);
  floats(256 * dimensions, centroid);
  if (model.hasNorms) {
    bytes(...Array.from({ length: rows }, (_, row) => normCode(row)));
    int32(1, 1, 1, 1);
    floats(256, norm);
  }
  bytes(0); // the output is not quantized
  int64(labels.length);
  int64(dimensions);
  floats(labels.length * dimensions, weight);
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

/** A row of the input. */
function rowOf({ dimensions, width, lastWidth, parts, hasNorms }: TinyModel, row: number): number[] {
  return Array.from({ length: dimensions }, (_, i) => {
    const part = Math.floor(i / width), size = part === parts - 1 ? lastWidth : width;
    const value = centroid(256 * width * part + size * code(row, part) + i % width);
    return hasNorms ? norm(normCode(row)) * value : value;
  });
}

/** fastText's hash of a text: FNV-1a over its bytes in UTF-8, which are signed. */
function hashOf(text: string): number {
  let hash = 2166136261n;
  for (const byte of new TextEncoder().encode(text)) {
    hash = ((hash ^ BigInt.asUintN(32, BigInt((byte << 24) >> 24))) * 16777619n) & 0xFFFFFFFFn;
  }
  return Number(hash);
}

/** The input rows of a word: its own and those of its n-grams. */
function rowsOf(word: string, model: TinyModel): number[] {
  const known = model.words.indexOf(word), rows = known < 0 ? [] : [known], marked = [...`<${word}>`];
  for (let from = 0; from < marked.length; from++) {
    for (let n = model.minNgram; n <= model.maxNgram && from + n <= marked.length; n++) {
      if (n === 1 && (from === 0 || from === marked.length - 1)) continue;
      const bucket = hashOf(marked.slice(from, from + n).join("")) % model.buckets;
      const row = model.kept === null ? bucket : model.kept.get(bucket);
      if (row !== undefined) rows.push(model.words.length + row);
    }
  }
  return rows;
}

/** A node of a label tree: a label's index, or an inner node's index with two children. */
type Tree = { readonly count: number; readonly index: number; readonly children?: readonly [Tree, Tree] };

/** Joins the two rarest nodes until one is left: Huffman's algorithm. */
function treeOf({ labels }: TinyModel): Tree {
  let open: Tree[] = labels.map(([, count], index) => ({ count, index }));
  for (let index = 0; open.length > 1; index++) {
    const [left, right, ...rest] = open.toSorted((a, b) => a.count - b.count);
    open = [...rest, { count: left.count + right.count, index, children: [left, right] }];
  }
  return open[0];
}

/** The probability of each label, without fastText's prefix. */
export function probabilities(text: string, model: TinyModel): Map<string, number> {
  const rows = [...text.split(" ").filter((word) => word !== "").flatMap((word) => rowsOf(word, model)), 0];
  const vectors = rows.map((row) => rowOf(model, row));
  const mean = Array.from(
    { length: model.dimensions },
    (_, i) => vectors.reduce((sum, vector) => sum + vector[i], 0) / rows.length,
  );
  const found = new Map<string, number>();
  const visit = ({ index, children }: Tree, logarithm: number): void => {
    if (children === undefined) {
      found.set(model.labels[index][0].slice("__label__".length), Math.exp(logarithm));
      return;
    }
    const dot = mean.reduce((sum, value, i) => sum + value * weight(index * model.dimensions + i), 0);
    const right = 1 / (1 + Math.exp(-dot));
    visit(children[0], logarithm + Math.log(1 - right + 1e-5));
    visit(children[1], logarithm + Math.log(right + 1e-5));
  };
  visit(treeOf(model), 0);
  return found;
}
