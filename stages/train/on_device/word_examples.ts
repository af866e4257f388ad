/**
 * Examples made from words: a context of fixed length with its next token, or a whole word per row.
 *
 * @module
 */
import { ignoredTarget } from "../../../kernels/ops/loss/cross_entropy.ts";
import type { Examples } from "./examples.ts";

/** Examples in the order of their words. */
export type WordExamples = Exclude<Examples, { readonly text: Uint32Array }> & {
  /** Index of each word's first example, followed by the number of examples. */
  readonly starts: Uint32Array;
};

/** Returns the indices of the examples of the words [`from`, `to`). */
export function examplesOfWords(
  { starts }: WordExamples,
  from: number,
  to: number,
): Uint32Array<ArrayBuffer> {
  return Uint32Array.from({ length: starts[to] - starts[from] }, (_, i) => starts[from] + i);
}

/**
 * Returns one example for each token of each word, and one for the end of each word. The inputs of an example
 * are the `context` tokens before its target, padded in front with `end`. The token `end` (default 0) stands
 * before and after each word; the lists of token ids in `words` do not contain it.
 */
export function contextExamples(
  words: readonly ArrayLike<number>[],
  { context, end = 0 }: { readonly context: number; readonly end?: number },
): WordExamples {
  const starts = startsOf(words, (word) => word.length + 1), count = starts[words.length];
  const inputs = new Uint32Array(count * context).fill(end), targets = new Uint32Array(count).fill(end);
  words.forEach((word, w) => {
    for (let i = 0; i <= word.length; i++) {
      const example = starts[w] + i;
      if (i < word.length) targets[example] = word[i];
      for (let back = 1; back <= Math.min(context, i); back++) {
        inputs[(example + 1) * context - back] = word[i - back];
      }
    }
  });
  return { context, inputs, targets, starts };
}

/**
 * Returns one example per word, as in makemore.py. Inputs are `end`, the word's tokens, and `end` as padding;
 * targets are the word's tokens, `end`, and ignored targets as padding. Throws RangeError for a word longer
 * than `context - 1`.
 */
export function rowExamples(
  words: readonly ArrayLike<number>[],
  { context, end = 0 }: { readonly context: number; readonly end?: number },
): WordExamples {
  const starts = startsOf(words, () => 1);
  const inputs = new Uint32Array(words.length * context).fill(end);
  const targets = new Uint32Array(words.length * context).fill(ignoredTarget);
  words.forEach((word, w) => {
    if (word.length >= context) {
      throw new RangeError(
        `Cannot put word ${w + 1} into a row of ${context}: it has ${word.length} tokens, and a row holds ${
          context - 1
        } and the end`,
      );
    }
    inputs.set(Array.from(word), w * context + 1);
    targets.set([...Array.from(word), end], w * context);
  });
  return { context, inputs, targets, starts };
}

function startsOf<T>(words: readonly T[], size: (word: T) => number): Uint32Array<ArrayBuffer> {
  const starts = new Uint32Array(words.length + 1);
  words.forEach((word, i) => starts[i + 1] = starts[i] + size(word));
  return starts;
}
