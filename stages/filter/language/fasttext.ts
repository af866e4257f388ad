/**
 * Reads a fastText classifier (`.ftz`, format 12: product-quantized inputs, hierarchical softmax) and asks it for a
 * text's label. Source: fastText's model format; Joulin et al. 2016, "FastText.zip".
 *
 * @module
 */
import { FastTextReader } from "./fasttext_reader.ts";
import { fnv1a, huffmanTree, QuantizedRows, type TreeNode, WordIndex } from "./fasttext_tables.ts";

const magic = 793712314;
const version = 12;
const endOfSentence = new TextEncoder().encode("</s>");
const longestRemembered = 64; // UTF-16 units: longer words do not come again, and there could be many megabytes of them
const labelPrefix = "__label__";

// Bounds of what is allocated on a file's word; published models have 2,000,000 buckets, 300 dimensions, n-grams to 6.
const mostBuckets = 1 << 24;
const mostDimensions = 1 << 12;
const longestNgram = 32;
const longestKept = 12; // a longer part of a text would keep the whole text in memory

function within(what: string, value: number, most: number): number {
  if (value >= 0 && value <= most) return value;
  throw new TypeError(`Broken fastText model: ${what} ${value}, wanted 0 to ${most}`);
}

/** A label and its probability, which rounding may put a little above 1. */
export interface Prediction {
  /** Without fastText's prefix. */
  readonly label: string;
  /** From 0 to 1, and a little above. */
  readonly probability: number;
}

/** What a word adds to a text's vector: a sum of `rows` rows. */
interface WordSum {
  readonly sum: Float32Array;
  readonly rows: number;
}

/** A text classifier; holds about 30 MB. */
export class FastText {
  readonly #dim: number;
  readonly #bucket: number;
  readonly #minn: number;
  readonly #maxn: number;
  readonly #words: WordIndex;
  /** Bucket → row of the pruned table; -1 where pruned. Null: nothing was pruned. */
  readonly #kept: Int32Array | null;
  readonly #input: QuantizedRows;
  readonly #output: Float32Array;
  readonly #labels: readonly string[];
  readonly #tree: readonly TreeNode[];
  readonly #known = new Map<string, WordSum>();
  readonly #endOfText: WordSum;
  readonly #encoder = new TextEncoder();

  /** Throws TypeError if the bytes are not such a model, RangeError if they end early. */
  constructor(bytes: Uint8Array<ArrayBuffer>) {
    const reader = new FastTextReader(bytes);
    if (reader.int32() !== magic) throw new TypeError("Not a fastText model: wrong magic number");
    const found = reader.int32();
    if (found !== version) throw new TypeError(`Cannot read fastText format ${found}: wanted ${version}`);
    this.#dim = reader.int32();
    reader.skip(4 * 4); // window, epochs, least count, negatives
    const wordNgrams = reader.int32(), loss = reader.int32(), model = reader.int32();
    if (model !== 3 || loss !== 1 || wordNgrams !== 1) {
      throw new TypeError(
        `Cannot use this fastText model: model ${model}, loss ${loss}, word n-grams ${wordNgrams}: ` +
          `wanted a classifier (3) with hierarchical softmax (1) over single words (1)`,
      );
    }
    this.#bucket = within("buckets", reader.int32(), mostBuckets);
    this.#minn = within("least n-gram", reader.int32(), longestNgram);
    this.#maxn = within("longest n-gram", reader.int32(), longestNgram);
    within("dimensions", this.#dim, mostDimensions);
    reader.skip(4 + 8); // learning-rate updates, sampling threshold
    const entries = reader.int32(), wordCount = reader.int32(), labelCount = reader.int32();
    reader.skip(8); // tokens seen in training
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
      throw new TypeError(`Broken fastText model: ${labels.length} labels, ${labelCount} promised`);
    }
    this.#words = new WordIndex(words);
    this.#labels = labels;
    this.#kept = pruned < 0 ? null : new Int32Array(this.#bucket).fill(-1);
    for (let i = 0; i < pruned; i++) {
      const from = within("pruned bucket", reader.int32(), this.#bucket - 1);
      this.#kept![from] = within("row", reader.int32(), 2 ** 31);
    }
    if (reader.byte() !== 1) {
      throw new TypeError("Cannot use this fastText model: it is not quantized (.ftz)");
    }
    this.#input = new QuantizedRows(reader);
    if (reader.byte() !== 0) throw new TypeError("Cannot use this fastText model: its output is quantized");
    const rows = reader.int64(), columns = reader.int64();
    if (rows !== labels.length || rows === 0 || columns !== this.#dim) {
      throw new TypeError(
        `Broken fastText model: its output is ${rows} by ${columns}, wanted ${labels.length} by ${this.#dim}`,
      );
    }
    this.#output = reader.floats(rows * columns);
    const most = this.#kept === null ? this.#bucket - 1 : this.#kept.reduce((a, b) => Math.max(a, b), -1);
    this.#input.check({ rows: this.#words.size + most + 1, columns: this.#dim });
    this.#tree = huffmanTree(counts);
    const last = this.#words.find(endOfSentence);
    const sum = new Float32Array(this.#dim);
    if (last >= 0) this.#input.addTo(sum, last);
    this.#endOfText = { sum, rows: last >= 0 ? 1 : 0 };
  }

  /** The most probable label of a text, read as one line. */
  predict(text: string): Prediction {
    const hidden = new Float32Array(this.#dim);
    let rows = 0;
    const add = ({ sum, rows: count }: WordSum): void => {
      for (let i = 0; i < hidden.length; i++) hidden[i] += sum[i];
      rows += count;
    };
    for (const [word] of text.matchAll(/[^ \t-\r\0]+/g)) add(this.#word(word));
    add(this.#endOfText);
    if (rows > 0) { for (let i = 0; i < hidden.length; i++) hidden[i] /= rows; }
    return this.#best(hidden);
  }

  /** Texts repeat their words: sums are remembered. */
  #word(word: string): WordSum {
    let sum = this.#known.get(word);
    if (sum === undefined) {
      sum = this.#sum(this.#encoder.encode(word));
      if (word.length > longestRemembered) return sum;
      if (this.#known.size === 50_000) this.#known.clear();
      if (word.length <= longestKept) this.#known.set(word, sum);
    }
    return sum;
  }

  /** The rows of a word and of its character n-grams, between < and >, added up. */
  #sum(word: Uint8Array): WordSum {
    const sum = new Float32Array(this.#dim);
    let rows = 0;
    const add = (row: number): void => {
      this.#input.addTo(sum, row);
      rows++;
    };
    const id = this.#words.find(word);
    if (id >= 0) add(id);
    const marked = new Uint8Array([60, ...word, 62]);
    for (let i = 0; i < marked.length; i++) {
      if ((marked[i] & 0xC0) === 0x80) continue; // within a code point
      let hash = 0x811C9DC5;
      for (let j = i, n = 1; j < marked.length && n <= this.#maxn; n++) {
        do hash = fnv1a(hash, marked[j++]); while (j < marked.length && (marked[j] & 0xC0) === 0x80);
        if (n < this.#minn || (n === 1 && (i === 0 || j === marked.length))) continue;
        const bucket = (hash >>> 0) % this.#bucket;
        const row = this.#kept === null ? bucket : this.#kept[bucket];
        if (row >= 0) add(this.#words.size + row);
      }
    }
    return { sum, rows };
  }

  /** Walks the whole tree: a label's probability is the product of its turns'. */
  #best(hidden: Float32Array): Prediction {
    const leaves = this.#labels.length;
    let label = 0;
    let best = -Infinity;
    const open: [node: number, score: number][] = [[this.#tree.length - 1, 0]];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const [node, score] = next;
      if (score < best) continue; // probabilities only shrink
      if (node < leaves) {
        [label, best] = [node, score];
        continue;
      }
      const at = (node - leaves) * this.#dim;
      let dot = 0;
      for (let i = 0; i < this.#dim; i++) dot += hidden[i] * this.#output[at + i];
      const right = 1 / (1 + Math.exp(-dot));
      open.push([this.#tree[node].left, score + log(1 - right)], [
        this.#tree[node].right,
        score + log(right),
      ]);
    }
    return { label: this.#labels[label], probability: Math.exp(best) };
  }
}

/** fastText's own, so that a probability of 0 stays finite. */
function log(x: number): number {
  return Math.log(x + 1e-5);
}
