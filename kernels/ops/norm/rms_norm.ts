/**
 * Root mean square normalization and its gradients.
 * Source: Zhang and Sennrich 2019, "Root mean square layer normalization".
 *
 * @module
 */
import type { Call, Op, Tensor } from "../../core/graph.ts";
import { define } from "../../core/op.ts";
import { ShapeError, sizeOf, type Spec } from "../../core/tensor.ts";
import { sum } from "../reduce/reduce.ts";
import { rowsOf } from "../specs.ts";
import { blockRows, checkVector } from "./row_norm.ts";
import { rmsNormGradKernel, rmsNormKernel } from "./rms_norm_wgsl.ts";

/** Attributes of `rms_norm`. */
export interface RmsNormAttrs {
  /** Number that is added to the mean of the squares. */
  readonly eps: number;
}

/**
 * Divides each row of `x` by the root of the mean of its squares, then multiplies it by `weight`: `x` [...,
 * C], `weight` [C] → [..., C]. `eps` is 1e-5 by default, as in Llama. Throws ShapeError if `weight` is not
 * [C].
 */
export function rmsNorm(x: Tensor, weight: Tensor, { eps = 1e-5 }: { eps?: number } = {}): Tensor {
  return callRmsNorm([x, weight], { eps })[0];
}

/** `(x, weight) → y, rrms`; `rrms` [rows] is 1 / root of (mean of squares + eps). */
export const rmsNormOp: Op<RmsNormAttrs> = {
  name: "rms_norm",
  infer: ([x, weight]) => {
    const { rows, columns } = rowsOf(x);
    checkVector("weight", weight, columns);
    return [{ shape: x.shape, dtype: "f32" }, { shape: [rows], dtype: "f32" }];
  },
  vjp: (call, [dy]) => {
    if (dy === null) return [null, null];
    const [x, weight] = call.inputs, [, rrms] = call.outputs;
    const [dx, partials] = callRmsNormGrad([x, weight, rrms, dy], null);
    return [dx, sum(partials, { from: 0, to: 1 })];
  },
  reference: ([x, weight], call) => {
    const { rows, columns } = rowsOf(call.inputs[0]);
    const y = new Float64Array(x.length), rrms = new Float64Array(rows);
    for (let row = 0; row < rows; row++) {
      const values = x.subarray(row * columns, (row + 1) * columns);
      const squares = values.reduce((sum, v) => sum + v * v, 0);
      rrms[row] = 1 / Math.sqrt(squares / columns + call.attrs.eps);
      values.forEach((v, c) => y[row * columns + c] = v * rrms[row] * weight[c]);
    }
    return [y, rrms];
  },
  wgsl: (call) => rmsNormKernel(call, { ...rowsOf(call.inputs[0]), eps: call.attrs.eps }),
  wasm: (call) => {
    const { rows, columns } = rowsOf(call.inputs[0]);
    return [rows, columns, call.attrs.eps];
  },
  flops: (call) => 4 * sizeOf(call.inputs[0].shape),
  cases: [
    { inputs: [[2, 3, 5], [5]], attrs: { eps: 1e-5 } },
    { inputs: [[1, 1], [1]], attrs: { eps: 1e-5 } },
    { inputs: [[9, 130], [130]], attrs: { eps: 1e-6 } },
    { inputs: [[5, 769], [769]], attrs: { eps: 1e-3 } },
    { inputs: [[3, 1030], [1030]], attrs: { eps: 1e-5 } },
    { inputs: [[1024, 576], [576]], attrs: { eps: 1e-5 }, bench: true },
    { inputs: [[4096, 768], [768]], attrs: { eps: 1e-5 }, bench: true },
  ],
};

/** `(x, weight, rrms, dy) → dx`, and partial sums of `dweight` over blocks of rows, [blocks, C]. */
export const rmsNormGradOp: Op<null> = {
  name: "rms_norm_grad",
  infer: ([x, weight, rrms, dy]) => {
    const { rows, columns } = rowsOf(x);
    checkVector("weight", weight, columns);
    checkGradient({ x, rrms, dy });
    return [{ shape: x.shape, dtype: "f32" }, {
      shape: [Math.ceil(rows / blockRows(rows)), columns],
      dtype: "f32",
    }];
  },
  reference: ([x, weight, rrms, dy], call) => {
    const { rows, columns } = rowsOf(call.inputs[0]), block = blockRows(rows);
    const dx = new Float64Array(x.length), partials = new Float64Array(sizeOf(call.outputs[1].shape));
    for (let row = 0; row < rows; row++) {
      const start = row * columns, r = rrms[row], to = Math.floor(row / block) * columns;
      let dot = 0; // sum of `g = weight·dy` times the normalized `x`
      for (let c = 0; c < columns; c++) dot += weight[c] * dy[start + c] * x[start + c] * r;
      for (let c = 0; c < columns; c++) {
        const normal = x[start + c] * r;
        dx[start + c] = r * (weight[c] * dy[start + c] - normal * dot / columns);
        partials[to + c] += dy[start + c] * normal;
      }
    }
    return [dx, partials];
  },
  wgsl: (call) => rmsNormGradKernel(call, gradSizes(call)),
  wasm: (call) => {
    const { rows, columns, block } = gradSizes(call);
    return [rows, columns, block];
  },
  flops: (call) => 10 * sizeOf(call.inputs[0].shape),
  cases: [[2, 3, 5], [1, 1], [37, 130], [9, 1030], [4097, 3], [1024, 576], [4096, 768]].map((x) => {
    const { rows, columns } = rowsOf({ shape: x, dtype: "f32" });
    return { inputs: [x, [columns], [rows], x], attrs: null, bench: rows * columns > 1e5 };
  }),
};

const callRmsNorm = define(rmsNormOp);
const callRmsNormGrad = define(rmsNormGradOp);

function gradSizes(call: Call): { rows: number; columns: number; block: number } {
  const { rows, columns } = rowsOf(call.inputs[0]);
  return { rows, columns, block: blockRows(rows) };
}

function checkGradient({ x, rrms, dy }: Record<"x" | "rrms" | "dy", Spec>): void {
  const { rows } = rowsOf(x);
  if (sizeOf(dy.shape) === sizeOf(x.shape) && sizeOf(rrms.shape) === rows) return;
  throw new ShapeError(
    `Cannot differentiate an RMS norm: x is [${x.shape}], dy [${dy.shape}], rrms [${rrms.shape}]: wanted [${x.shape}], [${rows}]`,
  );
}
