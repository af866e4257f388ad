/**
 * Every position gets the mean of itself and those before it, four ways that give the same: a loop, a product with a
 * triangle, a softmax that sees no future, and attention whose queries ask for nothing.
 *
 * @module
 */
import { Graph } from "../../../kernels/core/graph.ts";
import { compile } from "../../../kernels/core/program.ts";
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import type { Engine } from "../../../kernels/engine/engine.ts";
import { attention } from "../../../kernels/ops/attention/attention.ts";
import { matmul } from "../../../kernels/ops/matmul/matmul.ts";

/** Sizes of x: sequences, positions, channels. */
export type Sizes = readonly [batch: number, time: number, channels: number];

/** Means by a loop over positions; x [B, T, C] → [B, T, C]. */
export function averagesByLoop(x: Float32Array, [batch, time, channels]: Sizes): Float32Array {
  const out = new Float32Array(x.length);
  for (let b = 0; b < batch; b++) {
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (let t = 0; t < time; t++) {
        const at = (b * time + t) * channels + c;
        sum += x[at];
        out[at] = sum / (t + 1);
      }
    }
  }
  return out;
}

/** [T, T]: row t holds 1 / (t + 1) up to column t, then zeros. */
export function triangle(time: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: time * time }, (_, i) => {
    const t = Math.floor(i / time);
    return i % time <= t ? 1 / (t + 1) : 0;
  });
}

/** Softmax of each row of scores [T, T] after what lies in the future is set to -∞, so that it gets the weight 0. */
export function maskedSoftmax(scores: Float32Array, time: number): Float32Array<ArrayBuffer> {
  const weights = new Float32Array(time * time);
  for (let t = 0; t < time; t++) {
    const row = Array.from({ length: time }, (_, j) => j <= t ? scores[t * time + j] : -Infinity);
    softmax(row).forEach((weight, j) => weights[t * time + j] = weight);
  }
  return weights;
}

/** e to each number, divided by their sum. */
export function softmax(numbers: readonly number[]): number[] {
  const most = Math.max(...numbers);
  const powers = numbers.map((n) => Math.exp(n - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/** weights [T, T] times each sequence of x [B, T, C], by the engine's matrix product. */
export async function mixedByMatmul(
  engine: Engine,
  { weights, x, sizes: [batch, time, channels] }: {
    readonly weights: Float32Array<ArrayBuffer>;
    readonly x: Float32Array;
    readonly sizes: Sizes;
  },
): Promise<Float32Array> {
  const graph = new Graph();
  const values: Record<string, TensorMap[string]> = { weights: { shape: [time, time], data: weights } };
  const left = graph.leaf("weights", { shape: [time, time], dtype: "f32" }, "input");
  const size = time * channels;
  for (let b = 0; b < batch; b++) {
    const shape = [time, channels];
    values[`x/${b}`] = { shape, data: x.slice(b * size, (b + 1) * size) };
    graph.output(`mixed/${b}`, matmul(left, graph.leaf(`x/${b}`, { shape, dtype: "f32" }, "input")));
  }
  await using session = await engine.open([compile("mix", graph)], values);
  await session.run(["mix"]);
  const labels = Array.from({ length: batch }, (_, b) => `mixed/${b}`), out = new Float32Array(x.length);
  const found = await session.read(labels);
  labels.forEach((label, b) => out.set(found[label].data, b * size));
  return out;
}

/** Attention by the engine: queries, keys and values [B, T, C] each → [B, T, C]. Scores are divided by √(C / heads). */
export async function mixedByAttention(
  engine: Engine,
  { queries, keys, values, sizes: [batch, time, channels], heads = 1 }: {
    readonly queries: Float32Array;
    readonly keys: Float32Array;
    readonly values: Float32Array;
    readonly sizes: Sizes;
    readonly heads?: number;
  },
): Promise<Float32Array> {
  const graph = new Graph(), shape = [batch, time, 3 * channels];
  const packed = new Float32Array(3 * values.length);
  for (let row = 0; row < batch * time; row++) {
    [queries, keys, values].forEach((part, i) =>
      packed.set(part.subarray(row * channels, (row + 1) * channels), (3 * row + i) * channels)
    );
  }
  graph.output("mixed", attention(graph.leaf("qkv", { shape, dtype: "f32" }, "input"), { heads }));
  await using session = await engine.open([compile("attend", graph)], { qkv: { shape, data: packed } });
  await session.run(["attend"]);
  return Float32Array.from((await session.read(["mixed"])).mixed.data);
}

/** The largest difference of two lists of numbers. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
}

/** Rows of a [rows, columns] list, for a heat map. */
export function rowsOf(values: Float32Array, columns: number): Float32Array[] {
  return Array.from(
    { length: values.length / columns },
    (_, row) => values.subarray(row * columns, (row + 1) * columns),
  );
}
