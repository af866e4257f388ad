/**
 * The lesson's words, shuffled, split into training and test words, and arranged one word per row, as in
 * makemore.py.
 *
 * @module
 */
import { TorchRandom } from "../../../kernels/random/torch_random.ts";
import { rowExamples, type WordExamples } from "../../../stages/train/on_device/word_examples.ts";
import type { Letters } from "../letters.ts";

/** Words for training and for testing. */
export interface MakemoreData {
  /** Alphabet. */
  readonly letters: Letters;
  /** Training words. */
  readonly train: readonly string[];
  /** Test words. */
  readonly test: readonly string[];
  /** One row per word: the training words first, then the test words. */
  readonly examples: WordExamples;
}

/**
 * Shuffles words and takes the last tenth of them, at most 1,000, as test words. The same seed gives the same
 * split as in makemore.py.
 */
export function makemoreData(
  words: readonly string[],
  { letters, seed }: { readonly letters: Letters; readonly seed: number },
): MakemoreData {
  const order = Array.from(new TorchRandom(seed).randperm(words.length), (i) => words[i]);
  const testCount = Math.min(1000, Math.floor(words.length * .1)),
    rows = order.map((word) => letters.encode(word));
  const context = Math.max(...rows.map(({ length }) => length)) + 1; // plus the boundary mark
  return {
    letters,
    train: order.slice(0, order.length - testCount),
    test: order.slice(order.length - testCount),
    examples: rowExamples(rows, { context }),
  };
}
