/**
 * Predicts the label of a text with a fastText classifier: the mean of the input rows of its words and
 * character n-grams, then hierarchical softmax. Source: Joulin et al. 2016, "Bag of Tricks for Efficient Text
 * Classification".
 *
 * @module
 */
import { type FastTextModel, readModel } from "./fasttext_model.ts";
import { fnv1a } from "./fasttext_tables.ts";

const endOfSentence = new TextEncoder().encode("</s>");
const maxCachedWords = 50_000;
const maxCachedLength = 12; // UTF-16 units; a longer cached substring would keep its whole text in memory

/** A label and its probability. */
export interface Prediction {
  /** Label without fastText's prefix. */
  readonly label: string;
  /** Probability of the label; rounding may make it slightly greater than 1. */
  readonly probability: number;
}

/** Contribution of a word to the vector of a text: the sum of `rows` rows of the input matrix. */
interface WordSum {
  readonly sum: Float32Array;
  readonly rows: number;
}

/** A text classifier. An instance holds about 30 MB. */
export class FastText {
  readonly #model: FastTextModel;
  readonly #cache = new Map<string, WordSum>();
  readonly #endOfText: WordSum;
  readonly #encoder = new TextEncoder();

  /** Parses a model file. Throws TypeError if it is not such a model, RangeError if it is truncated. */
  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#model = readModel(bytes);
    const { words, input, dimensions } = this.#model;
    const last = words.find(endOfSentence);
    const sum = new Float32Array(dimensions);
    if (last >= 0) input.addTo(sum, last);
    this.#endOfText = { sum, rows: last >= 0 ? 1 : 0 };
  }

  /** Returns the most probable label of a text, which is read as a single line. */
  predict(text: string): Prediction {
    const hidden = new Float32Array(this.#model.dimensions);
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

  /** Returns the sum of a word, cached because texts repeat their words. */
  #word(word: string): WordSum {
    let sum = this.#cache.get(word);
    if (sum === undefined) {
      sum = this.#sum(this.#encoder.encode(word));
      if (word.length > maxCachedLength) return sum;
      if (this.#cache.size === maxCachedWords) this.#cache.clear();
      this.#cache.set(word, sum);
    }
    return sum;
  }

  /** Returns the sum of the rows of a word and of the character n-grams of "<word>". */
  #sum(word: Uint8Array): WordSum {
    const { dimensions, buckets, minNgram, maxNgram, words, bucketRows, input } = this.#model;
    const sum = new Float32Array(dimensions);
    let rows = 0;
    const add = (row: number): void => {
      input.addTo(sum, row);
      rows++;
    };
    const id = words.find(word);
    if (id >= 0) add(id);
    const marked = new Uint8Array([60, ...word, 62]);
    for (let i = 0; i < marked.length; i++) {
      if ((marked[i] & 0xC0) === 0x80) continue; // in the middle of a code point
      let hash = 0x811C9DC5;
      for (let j = i, n = 1; j < marked.length && n <= maxNgram; n++) {
        do hash = fnv1a(hash, marked[j++]); while (j < marked.length && (marked[j] & 0xC0) === 0x80);
        if (n < minNgram || (n === 1 && (i === 0 || j === marked.length))) continue;
        const bucket = (hash >>> 0) % buckets;
        const row = bucketRows === null ? bucket : bucketRows[bucket];
        if (row >= 0) add(words.size + row);
      }
    }
    return { sum, rows };
  }

  /**
   * Returns the leaf with the greatest probability. The probability of a leaf is the product of the branch
   * probabilities on the path to the leaf. The search skips subtrees that cannot contain a better leaf.
   */
  #best(hidden: Float32Array): Prediction {
    const { dimensions, labels, tree, output } = this.#model;
    const leaves = labels.length;
    let label = 0;
    let best = -Infinity;
    const open: [node: number, score: number][] = [[tree.length - 1, 0]];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const [node, score] = next;
      if (score < best) continue; // scores only decrease on the way down
      if (node < leaves) {
        [label, best] = [node, score];
        continue;
      }
      const at = (node - leaves) * dimensions;
      let dot = 0;
      for (let i = 0; i < dimensions; i++) dot += hidden[i] * output[at + i];
      const right = 1 / (1 + Math.exp(-dot));
      open.push([tree[node].left, score + log(1 - right)], [tree[node].right, score + log(right)]);
    }
    return { label: labels[label], probability: Math.exp(best) };
  }
}

/** Returns the logarithm as fastText computes it, which is finite for a probability of 0. */
function log(x: number): number {
  return Math.log(x + 1e-5);
}
