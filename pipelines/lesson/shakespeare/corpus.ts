/**
 * The lesson's text, prepared as in the lecture: each character is a token, and the first nine tenths are for
 * training. Torch's random numbers choose the positions of the excerpts, so the excerpts are those of the
 * lecture.
 *
 * @module
 */
import type { TorchRandom } from "../../../kernels/random/torch_random.ts";
import { CharTokenizer } from "../../../stages/token/char.ts";

/** A text as tokens, in two parts. */
export interface Corpus {
  readonly tokenizer: CharTokenizer;
  readonly train: Uint32Array;
  readonly validation: Uint32Array;
}

/**
 * Encodes and splits a text. The tokenizer also has tokens for all characters of the texts in `alphabet`;
 * default: none.
 */
export function corpusOf(
  text: string,
  { alphabet = [] }: { readonly alphabet?: readonly string[] } = {},
): Corpus {
  const tokenizer = CharTokenizer.fromTexts([text, ...alphabet], []);
  const ids = tokenizer.encode(text), trainCount = Math.floor(.9 * ids.length);
  return { tokenizer, train: ids.slice(0, trainCount), validation: ids.slice(trainCount) };
}

/**
 * A batch of excerpts. Inputs and targets have the shape `shape`. The target of a position is the token after
 * it.
 */
export interface Excerpts {
  readonly inputs: Uint32Array<ArrayBuffer>;
  readonly targets: Uint32Array<ArrayBuffer>;
  readonly shape: readonly [batch: number, time: number];
}

/**
 * Draws a batch of excerpts, like the lecture's `get_batch`. Throws RangeError for a text that is not longer
 * than an excerpt.
 */
export function drawExcerpts(
  ids: Uint32Array,
  { random, shape }: { readonly random: TorchRandom; readonly shape: readonly [batch: number, time: number] },
): Excerpts {
  const [batch, time] = shape, size = batch * time;
  if (ids.length <= time) {
    throw new RangeError(
      `Cannot draw excerpts of ${time} characters: the part of the text has ${ids.length}: give a longer text`,
    );
  }
  const inputs = new Uint32Array(size), targets = new Uint32Array(size);
  random.randint(batch, { high: ids.length - time }).forEach((from, row) => {
    inputs.set(ids.subarray(from, from + time), row * time);
    targets.set(ids.subarray(from + 1, from + time + 1), row * time);
  });
  return { inputs, targets, shape };
}
