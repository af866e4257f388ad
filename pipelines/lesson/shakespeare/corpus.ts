/**
 * A text as the lecture splits and draws it: a token a character, the first nine tenths to learn from, and excerpts at
 * random places, by torch's random numbers so that the lecture's own come out.
 *
 * @module
 */
import type { TorchRandom } from "../../../kernels/random/torch_random.ts";
import { CharTokenizer } from "../../../stages/token/char.ts";

/** A text in tokens. */
export interface Corpus {
  readonly tokenizer: CharTokenizer;
  readonly train: Uint32Array;
  readonly validation: Uint32Array;
}

/** Splits a text; `alphabet`: texts whose characters count too (default: the text's own alone). */
export function corpusOf(
  text: string,
  { alphabet = [] }: { readonly alphabet?: readonly string[] } = {},
): Corpus {
  const tokenizer = CharTokenizer.fromTexts([text, ...alphabet], []);
  const ids = tokenizer.encode(text), cut = Math.floor(.9 * ids.length);
  return { tokenizer, train: ids.slice(0, cut), validation: ids.slice(cut) };
}

/** Excerpts of a text, `shape` [batch, time] of them: each target is the token after its input. */
export interface Excerpts {
  readonly inputs: Uint32Array<ArrayBuffer>;
  readonly targets: Uint32Array<ArrayBuffer>;
  readonly shape: readonly [batch: number, time: number];
}

/** Excerpts at random places: the lecture's `get_batch`. Throws RangeError for a text that is not longer than one. */
export function draw(
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
