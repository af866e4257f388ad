/**
 * Words as letters by number: alphabet, examples of "these letters, then this one", and the split into three parts.
 *
 * @module
 */
import { PythonRandom } from "../../kernels/random/python_random.ts";
import { contextExamples } from "../../stages/train/on_device/examples.ts";

/** The letters of words. Number 0 is the mark that stands before a word and after it, then all letters in order. */
export class Letters {
  /** By number. */
  readonly symbols: readonly string[];
  readonly #numbers: ReadonlyMap<string, number>;

  /** Learns the letters (code points) of `words`; the mark is ".", or "¶" where a word has a point. */
  constructor(words: Iterable<string>) {
    const seen = new Set<string>();
    for (const word of words) for (const letter of word) seen.add(letter);
    this.symbols = [seen.has(".") ? "¶" : ".", ...[...seen].sort()];
    this.#numbers = new Map(this.symbols.map((symbol, number) => [symbol, number]));
  }

  /** How many, the mark among them. */
  get count(): number {
    return this.symbols.length;
  }

  /** A word's numbers, without marks. Throws RangeError for a letter that no word had. */
  encode(word: string): number[] {
    return Array.from(word, (letter) => {
      const number = this.#numbers.get(letter);
      if (number !== undefined) return number;
      throw new RangeError(`Cannot encode ${letter} of ${word}: the letters are ${this.symbols.join(" ")}`);
    });
  }

  /** Numbers as text, marks as they are. */
  decode(numbers: Iterable<number>): string {
    return Array.from(numbers, (number) => this.symbols[number]).join("");
  }
}

/** What a model learns from: `count` contexts and the letter after each. */
export interface Examples {
  /** Letters in a context. */
  readonly context: number;
  readonly count: number;
  /** [count, context]; where a word has only begun, marks. */
  readonly inputs: Uint32Array;
  /** [count]. */
  readonly targets: Uint32Array;
}

/** Each letter of each word, and the mark after it, with the `context` letters before it. */
export function examplesOf(
  words: readonly string[],
  { letters, context }: { readonly letters: Letters; readonly context: number },
): Examples {
  const { inputs, targets } = contextExamples(words.map((word) => letters.encode(word)), { context });
  return { context, count: targets.length, inputs, targets };
}

/** What to learn from, what to choose by, what to judge by at the very end. */
export interface Split<T> {
  readonly train: T;
  readonly dev: T;
  readonly test: T;
}

/** How words are shuffled. */
export interface SplitOptions {
  /** Default 42. */
  readonly seed?: number;
  /** How often, from the same seed: a notebook's cell that ran again shuffles what it shuffled before. Default 1. */
  readonly shuffles?: number;
}

/** Words in a random order, cut at 80 and 90 percent: makemore's `random.seed(42); random.shuffle(words)`. */
export function splitWords(
  words: readonly string[],
  { seed = 42, shuffles = 1 }: SplitOptions = {},
): Split<string[]> {
  const order = [...words];
  for (let i = 0; i < shuffles; i++) new PythonRandom(seed).shuffle(order);
  const first = Math.floor(.8 * order.length), second = Math.floor(.9 * order.length);
  return { train: order.slice(0, first), dev: order.slice(first, second), test: order.slice(second) };
}

/** Examples of all words, those of the first part first, and which of them are whose. */
export interface Parts {
  readonly examples: Examples;
  /** Numbers of the examples of each part. */
  readonly rows: Split<Uint32Array<ArrayBuffer>>;
}

/** The examples of words that are split by `splitWords`. */
export function partsOf(
  words: readonly string[],
  { letters, context, ...split }: SplitOptions & { readonly letters: Letters; readonly context: number },
): Parts {
  const { train, dev, test } = splitWords(words, split);
  const examples = examplesOf([...train, ...dev, ...test], { letters, context });
  const size = (part: readonly string[]): number => part.reduce((sum, word) => sum + [...word].length + 1, 0);
  const all = Uint32Array.from(examples.targets.keys()), first = size(train), second = first + size(dev);
  return {
    examples,
    rows: { train: all.slice(0, first), dev: all.slice(first, second), test: all.slice(second) },
  };
}
