/**
 * One head of self-attention computed by plain loops, and the variance of numbers.
 *
 * @module
 */
import type { TorchRandom } from "../../../kernels/random/torch_random.ts";
import { maskedSoftmax, type SequenceShape } from "./averaging.ts";
import { uniform } from "./lecture_weights.ts";

/** Queries, keys and values of a head, [B, T, width] each. */
export interface AttentionHead {
  readonly queries: Float32Array<ArrayBuffer>;
  readonly keys: Float32Array<ArrayBuffer>;
  readonly values: Float32Array<ArrayBuffer>;
  /** Number of channels of the head. */
  readonly width: number;
}

/**
 * Applies linear layers with random weights to `x` [B, T, C]. The weights are drawn in the order key, query,
 * value.
 */
export function randomHead(
  x: Float32Array,
  { shape: [, , channels], width, random }: {
    readonly shape: SequenceShape;
    readonly width: number;
    readonly random: TorchRandom;
  },
): AttentionHead {
  const [keys, queries, values] = Array.from({ length: 3 }, () => {
    const weight = uniform([channels, width], random).data;
    return Float32Array.from({ length: x.length / channels * width }, (_, at) => {
      const row = Math.floor(at / width), column = at % width;
      let sum = 0;
      for (let c = 0; c < channels; c++) sum += x[row * channels + c] * weight[c * width + column];
      return sum;
    });
  });
  return { queries, keys, values, width };
}

/**
 * Returns the scores [T, T] of a sequence. A score is the dot product of the query of row `t` and the key of
 * column `j`, times `scale`.
 */
export function scoresOf(
  { queries, keys, width }: Omit<AttentionHead, "values">,
  { sequence, time, scale }: { readonly sequence: number; readonly time: number; readonly scale: number },
): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: time * time }, (_, at) => {
    const query = (sequence * time + Math.floor(at / time)) * width,
      key = (sequence * time + at % time) * width;
    let sum = 0;
    for (let i = 0; i < width; i++) sum += queries[query + i] * keys[key + i];
    return sum * scale;
  });
}

/**
 * Returns the output of the head, [B, T, width]: for each position, the weighted sum of the values up to this
 * position.
 */
export function attend(
  head: AttentionHead,
  { shape: [batch, time], scale }: { readonly shape: SequenceShape; readonly scale: number },
): Float32Array {
  const { values, width } = head, out = new Float32Array(values.length);
  for (let sequence = 0; sequence < batch; sequence++) {
    const weights = maskedSoftmax(scoresOf(head, { sequence, time, scale }), time);
    for (let t = 0; t < time; t++) {
      for (let c = 0; c < width; c++) {
        let sum = 0;
        for (let j = 0; j <= t; j++) sum += weights[t * time + j] * values[(sequence * time + j) * width + c];
        out[(sequence * time + t) * width + c] = sum;
      }
    }
  }
  return out;
}

/** Returns the variance of numbers as in torch's `var`: the sum of squares divided by the count minus 1. */
export function variance(numbers: ArrayLike<number>): number {
  const all = Array.from(numbers), mean = all.reduce((a, b) => a + b, 0) / all.length;
  return all.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (all.length - 1);
}
