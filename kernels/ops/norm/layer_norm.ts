/**
 * Layer normalization and its gradients. Each op reads its inputs once.
 * Source: Ba, Kiros, Hinton 2016, "Layer normalization".
 *
 * @module
 */
import type { Call, Op, Tensor } from "../../core/graph.ts";
import { define } from "../../core/op.ts";
import { ShapeError, sizeOf, type Spec } from "../../core/tensor.ts";
import { rowsOf } from "../specs.ts";
import { blockRows, checkVector } from "./row_norm.ts";
import { layerNormGradKernel, layerNormKernel, layerNormParamGradKernel } from "./layer_norm_wgsl.ts";

/** Attributes of `layer_norm`. */
export interface LayerNormAttrs {
  /** Number that is added to the variance. */
  readonly eps: number;
}

/**
 * Normalizes each row of `x` to mean 0 and variance 1, then multiplies it by `weight` and adds `bias`: `x`
 * [..., C], `weight` [C], `bias` [C] → [..., C]. The variance is biased (divided by C); `eps` is 1e-5 by
 * default. Throws ShapeError if `weight` or `bias` is not [C].
 */
export function layerNorm(
  x: Tensor,
  weight: Tensor,
  bias: Tensor,
  { eps = 1e-5 }: { eps?: number } = {},
): Tensor {
  return callLayerNorm([x, weight, bias], { eps })[0];
}

/** `(x, weight, bias) → y, mean, rstd`; `mean` is [rows], and `rstd` [rows] is 1 / standard deviation. */
export const layerNormOp: Op<LayerNormAttrs> = {
  name: "layer_norm",
  infer: ([x, weight, bias]) => {
    const { rows, columns: channels } = rowsOf(x);
    checkVector("weight", weight, channels);
    checkVector("bias", bias, channels);
    return [{ shape: x.shape, dtype: "f32" }, { shape: [rows], dtype: "f32" }, {
      shape: [rows],
      dtype: "f32",
    }];
  },
  vjp: (call, [dy]) => {
    if (dy === null) return [null, null, null];
    const [x, weight] = call.inputs, [, mean, rstd] = call.outputs;
    const [dx, partials] = callLayerNormGrad([x, weight, mean, rstd, dy], null);
    return [dx, ...callLayerNormParamGrad([partials], null)];
  },
  reference: ([x, weight, bias], call) => {
    const { rows, columns: channels } = rowsOf(call.inputs[0]);
    const y = new Float64Array(x.length), means = new Float64Array(rows), rstds = new Float64Array(rows);
    for (let row = 0; row < rows; row++) {
      const values = x.subarray(row * channels, (row + 1) * channels);
      const mean = values.reduce((sum, v) => sum + v, 0) / channels;
      const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / channels;
      const rstd = 1 / Math.sqrt(variance + call.attrs.eps);
      values.forEach((v, c) => y[row * channels + c] = (v - mean) * rstd * weight[c] + bias[c]);
      means[row] = mean;
      rstds[row] = rstd;
    }
    return [y, means, rstds];
  },
  wgsl: (call) => {
    const { rows, columns: channels } = rowsOf(call.inputs[0]);
    return layerNormKernel(call, { rows, channels, eps: call.attrs.eps });
  },
  wasm: (call) => {
    const { rows, columns: channels } = rowsOf(call.inputs[0]);
    return [rows, channels, call.attrs.eps];
  },
  flops: (call) => 8 * sizeOf(call.inputs[0].shape),
  cases: [
    { inputs: [[2, 3, 5], [5], [5]], attrs: { eps: 1e-5 } },
    { inputs: [[1, 1], [1], [1]], attrs: { eps: 1e-5 } },
    { inputs: [[9, 130], [130], [130]], attrs: { eps: 1e-5 } },
    { inputs: [[5, 769], [769], [769]], attrs: { eps: 1e-3 } },
    { inputs: [[3, 1030], [1030], [1030]], attrs: { eps: 1e-5 } },
    { inputs: [[1024, 384], [384], [384]], attrs: { eps: 1e-5 }, bench: true },
    { inputs: [[4096, 768], [768], [768]], attrs: { eps: 1e-5 }, bench: true },
  ],
};

/**
 * `(x, weight, mean, rstd, dy) → dx`, and partial sums of `dweight` and `dbias` over blocks of rows, [blocks,
 * 2, C].
 */
export const layerNormGradOp: Op<null> = {
  name: "layer_norm_grad",
  infer: ([x, weight, mean, rstd, dy]) => {
    const { rows, columns: channels } = rowsOf(x);
    checkGradient({ x, mean, rstd, dy });
    checkVector("weight", weight, channels);
    const blocks = Math.ceil(rows / blockRows(rows));
    return [{ shape: x.shape, dtype: "f32" }, { shape: [blocks, 2, channels], dtype: "f32" }];
  },
  reference: ([x, weight, mean, rstd, dy], call) => {
    const { rows, columns: channels } = rowsOf(call.inputs[0]);
    const dx = new Float64Array(x.length), partials = new Float64Array(sizeOf(call.outputs[1].shape));
    for (let row = 0; row < rows; row++) {
      const start = row * channels, block = Math.floor(row / blockRows(rows)) * 2 * channels;
      let sum = 0, sumNormal = 0; // sums of `g = weight·dy` and of `g` times the normalized `x`
      for (let c = 0; c < channels; c++) {
        const g = weight[c] * dy[start + c], normal = (x[start + c] - mean[row]) * rstd[row];
        sum += g;
        sumNormal += g * normal;
        partials[block + c] += dy[start + c] * normal;
        partials[block + channels + c] += dy[start + c];
      }
      for (let c = 0; c < channels; c++) {
        const normal = (x[start + c] - mean[row]) * rstd[row];
        dx[start + c] = rstd[row] *
          (weight[c] * dy[start + c] - sum / channels - normal * sumNormal / channels);
      }
    }
    return [dx, partials];
  },
  wgsl: (call) => layerNormGradKernel(call, gradSizes(call)),
  wasm: (call) => {
    const { rows, channels, block } = gradSizes(call);
    return [rows, channels, block];
  },
  flops: (call) => 16 * sizeOf(call.inputs[0].shape),
  cases: [[2, 3, 5], [1, 1], [37, 130], [9, 1030], [4097, 3], [1024, 384], [4096, 768]].map((x) => {
    const { rows, columns: channels } = rowsOf({ shape: x, dtype: "f32" });
    return { inputs: [x, [channels], [rows], [rows], x], attrs: null, bench: rows * channels > 1e5 };
  }),
};

/** Computes `dweight` [C] and `dbias` [C] from partial sums [blocks, 2, C]. */
export const layerNormParamGradOp: Op<null> = {
  name: "layer_norm_param_grad",
  infer: ([partials]) => {
    const [, two, channels] = partials.shape;
    if (partials.shape.length !== 3 || two !== 2) {
      throw new ShapeError(
        `Cannot add up a layer norm's gradients: got [${partials.shape}], wanted [blocks, 2, C]`,
      );
    }
    return [{ shape: [channels], dtype: "f32" }, { shape: [channels], dtype: "f32" }];
  },
  reference: ([partials], call) => {
    const [blocks, , channels] = call.inputs[0].shape, both = 2 * channels;
    const sums = new Float64Array(both);
    for (let i = 0; i < blocks * both; i++) sums[i % both] += partials[i];
    return [sums.slice(0, channels), sums.slice(channels)];
  },
  wgsl: layerNormParamGradKernel,
  wasm: ({ inputs: [{ shape: [blocks, , channels] }] }) => [blocks, channels],
  flops: (call) => sizeOf(call.inputs[0].shape),
  cases: [
    { inputs: [[1, 2, 5]], attrs: null },
    { inputs: [[19, 2, 130]], attrs: null },
    { inputs: [[200, 2, 33]], attrs: null },
    { inputs: [[512, 2, 768]], attrs: null, bench: true },
  ],
};

const callLayerNorm = define(layerNormOp);
const callLayerNormGrad = define(layerNormGradOp);
const callLayerNormParamGrad = define(layerNormParamGradOp);

function gradSizes(call: Call): { rows: number; channels: number; block: number } {
  const { rows, columns: channels } = rowsOf(call.inputs[0]);
  return { rows, channels, block: blockRows(rows) };
}

function checkGradient({ x, mean, rstd, dy }: Record<"x" | "mean" | "rstd" | "dy", Spec>): void {
  const { rows } = rowsOf(x);
  if (sizeOf(dy.shape) !== sizeOf(x.shape) || sizeOf(mean.shape) !== rows || sizeOf(rstd.shape) !== rows) {
    throw new ShapeError(
      `Cannot differentiate a layer norm: x is [${x.shape}], dy [${dy.shape}], mean [${mean.shape}], rstd [${rstd.shape}]: ` +
        `wanted [${x.shape}], [${rows}], [${rows}]`,
    );
  }
}
