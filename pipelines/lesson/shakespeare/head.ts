/**
 * One head of self-attention written out: what each position asks for, what it offers, and what it says.
 *
 * @module
 */
import type { TorchRandom } from "../../../kernels/random/torch_random.ts";
import { maskedSoftmax, type Sizes } from "./averaging.ts";
import { uniform } from "./lecture_weights.ts";

/** A head's queries, keys and values, [B, T, width] each. */
export interface Head {
  readonly queries: Float32Array<ArrayBuffer>;
  readonly keys: Float32Array<ArrayBuffer>;
  readonly values: Float32Array<ArrayBuffer>;
  readonly width: number;
}

/** Three linear layers of random weights over x [B, T, C]: key, query and value, drawn in this order. */
export function randomHead(
  x: Float32Array,
  { sizes: [, , channels], width, random }: {
    readonly sizes: Sizes;
    readonly width: number;
    readonly random: TorchRandom;
  },
): Head {
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

/** Products of a sequence's queries and keys [T, T], row t of the query at t, each times `scale`. */
export function scoresOf(
  { queries, keys, width }: Omit<Head, "values">,
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

/** What the head gives, [B, T, width]: for each position the values of those before it and itself, by its weights. */
export function attend(
  head: Head,
  { sizes: [batch, time], scale }: { readonly sizes: Sizes; readonly scale: number },
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

/** The variance of numbers, as torch's `var`: divided by one less than their count. */
export function variance(numbers: ArrayLike<number>): number {
  const all = Array.from(numbers), mean = all.reduce((a, b) => a + b, 0) / all.length;
  return all.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (all.length - 1);
}
