/**
 * Character-level data of the makemore lessons: the alphabet, the examples (a context and the next letter),
 * and the split into training, dev and test words.
 *
 * @module
 */
import { PythonRandom } from "../../kernels/random/python_random.ts";
import { contextExamples } from "../../stages/train/on_device/word_examples.ts";

/**
 * An alphabet. Id 0 is the boundary mark, which is added before and after each word. The ids from 1 on are
 * the letters in sorted order.
 */
export class Letters {
  /** The symbol of each id: first the boundary mark, then the letters. */
  readonly symbols: readonly string[];
  readonly #numbers: ReadonlyMap<string, number>;

  /**
   * Collects the letters (code points) of `words`. The boundary mark is ".", or "¶" if a word contains a full
   * stop.
   */
  constructor(words: Iterable<string>) {
    const seen = new Set<string>();
    for (const word of words) for (const letter of word) seen.add(letter);
    this.symbols = [seen.has(".") ? "¶" : ".", ...[...seen].sort()];
    this.#numbers = new Map(this.symbols.map((symbol, number) => [symbol, number]));
  }

  /** Number of ids, including the boundary mark. */
  get count(): number {
    return this.symbols.length;
  }

  /**
   * Returns the ids of a word's letters, without boundary marks. Throws RangeError for a letter outside the
   * alphabet.
   */
  encode(word: string): number[] {
    return Array.from(word, (letter) => {
      const number = this.#numbers.get(letter);
      if (number !== undefined) return number;
      throw new RangeError(`Cannot encode ${letter} of ${word}: the letters are ${this.symbols.join(" ")}`);
    });
  }

  /** Returns the text of letter ids, including boundary marks. */
  decode(numbers: Iterable<number>): string {
    return Array.from(numbers, (number) => this.symbols[number]).join("");
  }
}

/** Training examples: contexts, and the letter that follows each context. */
export interface Examples {
  /** Context length in letters. */
  readonly context: number;
  /** Number of examples. */
  readonly count: number;
  /**
   * Letter ids of the contexts, [count, context]. Positions before the start of the word hold boundary marks.
   */
  readonly inputs: Uint32Array;
  /** Id of the letter after each context, [count]. */
  readonly targets: Uint32Array;
}

/** Returns one example for each letter of each word and for the boundary mark that ends it. */
export function examplesOf(
  words: readonly string[],
  { letters, context }: { readonly letters: Letters; readonly context: number },
): Examples {
  const { inputs, targets } = contextExamples(words.map((word) => letters.encode(word)), { context });
  return { context, count: targets.length, inputs, targets };
}

/** Data for training, for choosing hyperparameters (dev), and for the final evaluation (test). */
export interface Split<T> {
  readonly train: T;
  readonly dev: T;
  readonly test: T;
}

/** Options of `splitWords()`. */
export interface SplitOptions {
  /** Seed of Python's `random`; default 42. */
  readonly seed?: number;
  /**
   * Number of times that the list is shuffled, each time with the same seed; default 1. A notebook whose
   * shuffling cell was run repeatedly has shuffled a list that was already shuffled.
   */
  readonly shuffles?: number;
}

/**
 * Shuffles words and splits them at 80 and 90 percent, as in makemore: `random.seed(42);
 * random.shuffle(words)`.
 */
export function splitWords(
  words: readonly string[],
  { seed = 42, shuffles = 1 }: SplitOptions = {},
): Split<string[]> {
  const order = [...words];
  for (let i = 0; i < shuffles; i++) new PythonRandom(seed).shuffle(order);
  const first = Math.floor(.8 * order.length), second = Math.floor(.9 * order.length);
  return { train: order.slice(0, first), dev: order.slice(first, second), test: order.slice(second) };
}

/** Returns the examples of each part of a split. */
export function examplesOfSplit(
  { train, dev, test }: Split<readonly string[]>,
  options: { readonly letters: Letters; readonly context: number },
): Split<Examples> {
  return {
    train: examplesOf(train, options),
    dev: examplesOf(dev, options),
    test: examplesOf(test, options),
  };
}

/** Examples of all words, and the row indices of each part of the split. */
export interface SplitExamples {
  /** Training examples first, then dev, then test. */
  readonly examples: Examples;
  /** Row indices of each part in `examples`. */
  readonly rows: Split<Uint32Array<ArrayBuffer>>;
}

/** Splits words with `splitWords()` and makes the examples of each part. */
export function splitExamples(
  words: readonly string[],
  { letters, context, ...split }: SplitOptions & { readonly letters: Letters; readonly context: number },
): SplitExamples {
  const { train, dev, test } = splitWords(words, split);
  const examples = examplesOf([...train, ...dev, ...test], { letters, context });
  const size = (part: readonly string[]): number => part.reduce((sum, word) => sum + [...word].length + 1, 0);
  const all = Uint32Array.from(examples.targets.keys()), first = size(train), second = first + size(dev);
  return {
    examples,
    rows: { train: all.slice(0, first), dev: all.slice(first, second), test: all.slice(second) },
  };
}
