/**
 * Reads a fastText classifier file: `.ftz`, format 12, with a product-quantized input matrix and hierarchical
 * softmax.
 * Source: fastText's model format; Joulin et al. 2016, "FastText.zip".
 *
 * @module
 */
import { FastTextReader } from "./fasttext_reader.ts";
import { huffmanTree, QuantizedRows, type TreeNode, WordIndex } from "./fasttext_tables.ts";

const magic = 793712314;
const version = 12;
const labelPrefix = "__label__";

// Limits for sizes in the file, so that a damaged file cannot make the program allocate too much memory.
// Published models have 2,000,000 buckets, 300 dimensions and n-grams of up to 6 characters.
const maxBuckets = 1 << 24;
const maxDimensions = 1 << 12;
const maxNgramLength = 32;

/** Contents of a model file. */
export interface FastTextModel {
  /** Length of an input vector. */
  readonly dimensions: number;
  /** Number of hash buckets for character n-grams. */
  readonly buckets: number;
  /** Minimum length of a character n-gram, in code points. */
  readonly minNgram: number;
  /** Maximum length of a character n-gram, in code points. */
  readonly maxNgram: number;
  /** Dictionary of whole words. */
  readonly words: WordIndex;
  /**
   * For each bucket, the index of its row after the rows of the words, or -1 if it was pruned. It is null if
   * no bucket was pruned.
   */
  readonly bucketRows: Int32Array | null;
  /** Input matrix: the rows of the words, then those of the buckets. */
  readonly input: QuantizedRows;
  /** Output matrix, [labels, dimensions]: the rows of the tree's inner nodes. */
  readonly output: Float32Array;
  /** Labels without fastText's prefix. */
  readonly labels: readonly string[];
  /** Huffman tree of the labels. */
  readonly tree: readonly TreeNode[];
}

/** Parses a model file. Throws TypeError if it is not such a model, RangeError if it is truncated. */
export function readModel(bytes: Uint8Array<ArrayBuffer>): FastTextModel {
  const reader = new FastTextReader(bytes);
  const { dimensions, buckets, minNgram, maxNgram } = readHeader(reader);
  const { words, labels, counts, pruned } = readDictionary(reader);
  const bucketRows = readBucketRows(reader, { pruned, buckets });
  if (reader.byte() !== 1) {
    throw new TypeError("Cannot use this fastText model: it is not quantized (.ftz)");
  }
  const input = new QuantizedRows(reader);
  if (reader.byte() !== 0) throw new TypeError("Cannot use this fastText model: its output is quantized");
  const rows = reader.int64(), columns = reader.int64();
  if (rows !== labels.length || rows === 0 || columns !== dimensions) {
    throw new TypeError(
      `Broken fastText model: its output is ${rows} by ${columns}, expected ${labels.length} by ${dimensions}`,
    );
  }
  const output = reader.floats(rows * columns);
  const lastRow = bucketRows === null ? buckets - 1 : bucketRows.reduce((a, b) => Math.max(a, b), -1);
  input.check({ rows: words.size + lastRow + 1, columns: dimensions });
  const tree = huffmanTree(counts);
  return { dimensions, buckets, minNgram, maxNgram, words, bucketRows, input, output, labels, tree };
}

function readHeader(
  reader: FastTextReader,
): Pick<FastTextModel, "dimensions" | "buckets" | "minNgram" | "maxNgram"> {
  if (reader.int32() !== magic) throw new TypeError("Not a fastText model: wrong magic number");
  const found = reader.int32();
  if (found !== version) throw new TypeError(`Cannot read fastText format ${found}: expected ${version}`);
  const dimensions = reader.int32();
  reader.skip(4 * 4); // window size, epochs, minimum word count, negative samples
  const wordNgrams = reader.int32(), loss = reader.int32(), model = reader.int32();
  if (model !== 3 || loss !== 1 || wordNgrams !== 1) {
    throw new TypeError(
      `Cannot use this fastText model: model ${model}, loss ${loss}, word n-grams ${wordNgrams}: ` +
        `expected a classifier (3) with hierarchical softmax (1) over single words (1)`,
    );
  }
  const buckets = checked("bucket count", reader.int32(), maxBuckets);
  const minNgram = checked("minimum n-gram length", reader.int32(), maxNgramLength);
  const maxNgram = checked("maximum n-gram length", reader.int32(), maxNgramLength);
  checked("number of dimensions", dimensions, maxDimensions);
  reader.skip(4 + 8); // interval of learning-rate updates, sampling threshold
  return { dimensions, buckets, minNgram, maxNgram };
}

function readDictionary(reader: FastTextReader): {
  readonly words: WordIndex;
  readonly labels: readonly string[];
  /** Number of occurrences of each label in the training data; the numbers are in descending order. */
  readonly counts: readonly number[];
  /** Number of buckets that survived pruning; negative if the model was not pruned. */
  readonly pruned: number;
} {
  const entries = reader.int32(), wordCount = reader.int32(), labelCount = reader.int32();
  reader.skip(8); // number of tokens seen in training
  const pruned = reader.int64();
  const words: Uint8Array[] = [];
  const labels: string[] = [];
  const counts: number[] = [];
  for (let i = 0; i < entries; i++) {
    const text = reader.text();
    const count = reader.int64();
    if (reader.byte() === 0) words.push(text);
    else {
      labels.push(new TextDecoder().decode(text).replace(labelPrefix, ""));
      counts.push(count);
    }
  }
  if (words.length !== wordCount || labels.length !== labelCount) {
    throw new TypeError(
      `Broken fastText model: found ${words.length} words and ${labels.length} labels, ` +
        `expected ${wordCount} and ${labelCount}`,
    );
  }
  return { words: new WordIndex(words), labels, counts, pruned };
}

function readBucketRows(
  reader: FastTextReader,
  { pruned, buckets }: { readonly pruned: number; readonly buckets: number },
): Int32Array | null {
  if (pruned < 0) return null;
  const rows = new Int32Array(buckets).fill(-1);
  for (let i = 0; i < pruned; i++) {
    const bucket = checked("bucket", reader.int32(), buckets - 1);
    rows[bucket] = checked("row", reader.int32(), 2 ** 31);
  }
  return rows;
}

function checked(what: string, value: number, most: number): number {
  if (value >= 0 && value <= most) return value;
  throw new TypeError(`Broken fastText model: ${what} is ${value}, expected 0 to ${most}`);
}
