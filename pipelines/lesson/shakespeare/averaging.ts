/**
 * The mean of each position and all positions before it, computed in several ways with the same result: by
 * loops, by a matrix product with averaging weights, and by attention.
 *
 * @module
 */
import { Graph } from "../../../kernels/core/graph.ts";
import { compile } from "../../../kernels/core/program.ts";
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import type { Engine } from "../../../kernels/engine/engine.ts";
import { attention } from "../../../kernels/ops/attention/attention.ts";
import { matmul } from "../../../kernels/ops/matmul/matmul.ts";
import { softmax } from "../net_training.ts";

/** Shape of an array of values: number of sequences, positions and channels. */
export type SequenceShape = readonly [batch: number, time: number, channels: number];

/** Computes the means by loops over all positions: `x` [B, T, C] → [B, T, C]. */
export function averagesByLoop(x: Float32Array, [batch, time, channels]: SequenceShape): Float32Array {
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

/**
 * Returns averaging weights [T, T], a lower triangular matrix: row `t` holds `1 / (t + 1)` up to column `t`,
 * and zeros after it.
 */
export function averagingWeights(time: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: time * time }, (_, i) => {
    const t = Math.floor(i / time);
    return i % time <= t ? 1 / (t + 1) : 0;
  });
}

/**
 * Computes the softmax of each row of scores [T, T]. Scores for later positions are replaced by -∞, so that
 * their weights are 0.
 */
export function maskedSoftmax(scores: Float32Array, time: number): Float32Array<ArrayBuffer> {
  const weights = new Float32Array(time * time);
  for (let t = 0; t < time; t++) {
    const row = Array.from({ length: time }, (_, j) => j <= t ? scores[t * time + j] : -Infinity);
    softmax(row).forEach((weight, j) => weights[t * time + j] = weight);
  }
  return weights;
}

/** Computes the product of weights [T, T] and each sequence of `x` [B, T, C] on the engine. */
export async function mixedByMatmul(
  engine: Engine,
  { weights, x, shape: [batch, time, channels] }: {
    readonly weights: Float32Array<ArrayBuffer>;
    readonly x: Float32Array;
    readonly shape: SequenceShape;
  },
): Promise<Float32Array> {
  const graph = new Graph();
  const values: Record<string, TensorMap[string]> = { weights: { shape: [time, time], data: weights } };
  const left = graph.leaf("weights", { shape: [time, time], dtype: "f32" }, "input");
  const size = time * channels, shape = [time, channels];
  for (let b = 0; b < batch; b++) {
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

/**
 * Computes causal attention on the engine; queries, keys and values [B, T, C] → [B, T, C]. Scores are divided
 * by `√(C / heads)`.
 */
export async function mixedByAttention(
  engine: Engine,
  { queries, keys, values, shape: [batch, time, channels], heads = 1 }: {
    readonly queries: Float32Array;
    readonly keys: Float32Array;
    readonly values: Float32Array;
    readonly shape: SequenceShape;
    readonly heads?: number;
  },
): Promise<Float32Array> {
  const graph = new Graph(), packedShape = [batch, time, 3 * channels];
  const packed = new Float32Array(3 * values.length);
  for (let row = 0; row < batch * time; row++) {
    [queries, keys, values].forEach((part, i) =>
      packed.set(part.subarray(row * channels, (row + 1) * channels), (3 * row + i) * channels)
    );
  }
  graph.output(
    "mixed",
    attention(graph.leaf("qkv", { shape: packedShape, dtype: "f32" }, "input"), { heads }),
  );
  await using session = await engine.open([compile("attend", graph)], {
    qkv: { shape: packedShape, data: packed },
  });
  await session.run(["attend"]);
  return Float32Array.from((await session.read(["mixed"])).mixed.data);
}

/** Returns the rows of a matrix [rows, columns], for a heat map. */
export function rowsOf(values: Float32Array, columns: number): Float32Array[] {
  return Array.from(
    { length: values.length / columns },
    (_, row) => values.subarray(row * columns, (row + 1) * columns),
  );
}
