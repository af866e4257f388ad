/**
 * The weights with which the tokens of a text attend to each other.
 *
 * @module
 */
import { firstKey, headSizes, scoreOf } from "../../kernels/ops/attention/attention_sizes.ts";
import type { TracedAttention } from "../model/trace.ts";

/**
 * Returns the weights of one block, [H][T][T]: row i holds the weights of token i for all tokens, which are 0
 * for later tokens and add up to 1. T is the number of tokens.
 */
export function attentionMaps(
  { qkv, form }: TracedAttention,
  tokens: number,
): readonly (readonly Float64Array[])[] {
  const row = qkv.length / tokens, sizes = headSizes(form, { row, time: tokens });
  const { heads, keyHeads, width } = sizes, values = Float64Array.from(qkv);
  return Array.from({ length: heads }, (_, head) => {
    const keyHead = heads + Math.floor(head * keyHeads / heads);
    return Array.from({ length: tokens }, (_, i) => {
      const weights = new Float64Array(tokens), from = firstKey(i, sizes);
      for (let j = from; j <= i; j++) {
        weights[j] =
          scoreOf([values, i * row + head * width], [values, j * row + keyHead * width], sizes).score;
      }
      return softmax(weights, from, i + 1);
    });
  });
}

/** Replaces the scores `from` to `end` (exclusive) by their softmax, in place. */
function softmax(scores: Float64Array, from: number, end: number): Float64Array {
  const part = scores.subarray(from, end), largest = Math.max(...part);
  let sum = 0;
  for (let i = 0; i < part.length; i++) sum += part[i] = Math.exp(part[i] - largest);
  for (let i = 0; i < part.length; i++) part[i] /= sum;
  return scores;
}
