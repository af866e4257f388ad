/**
 * Batch normalization over all axes but the last, its gradient, and normalization with given moments. Source:
 * Ioffe and Szegedy 2015. The variance is divided by `n - 1`, as in the makemore lectures, or by `n`, as in
 * PyTorch.
 *
 * @module
 */
import { fill } from "../../core/gradient_ops.ts";
import type { Call, Op, Tensor } from "../../core/graph.ts";
import { define } from "../../core/op.ts";
import { ShapeError, sizeOf, type Spec } from "../../core/tensor.ts";
import { add, mul, sub } from "../elementwise/arith.ts";
import { batchNormGradKernel, batchNormKernel } from "./batch_norm_wgsl.ts";
import { rsqrt } from "../elementwise/power.ts";
import { expectF32, rowsOf } from "../specs.ts";

/** Attributes of the batch normalization ops. */
export interface BatchNormAttrs {
  /** The variance's divisor is the number of rows minus `ddof`; 1 as in PyTorch's `var()` and `std()`. */
  readonly ddof: 0 | 1;
  /** Number that is added to the variance. */
  readonly eps: number;
}

/** Scale and shift that follow the normalization. */
export interface GainBias {
  /** Scale, [C]. */
  readonly gain: Tensor;
  /** Shift, [C]. */
  readonly bias: Tensor;
}

/** A normalized batch and its moments. */
export interface BatchNormResult {
  /** Normalized batch, of the shape of `x`. */
  readonly y: Tensor;
  /** Mean over the batch, [C]. */
  readonly mean: Tensor;
  /** Variance over the batch, with the divisor that `ddof` selects, [C]. */
  readonly variance: Tensor;
}

/**
 * Normalizes each column of `x` [..., C] to mean 0 and variance 1 over all leading axes, then multiplies by
 * `gain` and adds `bias`. `ddof` is 1 by default and `eps` is 1e-5. Gradients flow to `x`, `gain` and `bias`
 * through `y` only. Throws ShapeError if `gain` or `bias` is not [C], or if there are too few rows.
 */
export function batchNorm(
  x: Tensor,
  { gain, bias, ddof = 1, eps = 1e-5 }: GainBias & Partial<BatchNormAttrs>,
): BatchNormResult {
  const [y, mean, variance] = callBatchNorm([x, gain, bias], { ddof, eps });
  return { y, mean, variance };
}

/**
 * Works like `batchNorm`, but with given moments: `x` [..., C], `mean` [C], `variance` [C]. `eps` is 1e-5 by
 * default.
 */
export function normalizeBy(
  x: Tensor,
  { gain, bias, mean, variance, eps = 1e-5 }: GainBias & Omit<BatchNormResult, "y"> & {
    readonly eps?: number;
  },
): Tensor {
  const factor = mul(gain, rsqrt(eps === 0 ? variance : add(variance, fill(variance, eps))));
  return add(mul(sub(x, mean), factor), bias);
}

/** `(x, gain, bias) → y, mean, variance`. */
export const batchNormOp: Op<BatchNormAttrs> = {
  name: "batch_norm",
  infer: ([x, gain, bias], { ddof, eps }) => {
    expectF32("batch_norm", { x, gain, bias });
    const { rows, columns: channels } = rowsOf(x);
    for (const [name, spec] of Object.entries({ gain, bias })) expectVector(name, spec, channels);
    if (rows - ddof < 1) {
      throw new ShapeError(
        `Cannot normalize a batch of [${x.shape}]: it has ${rows} rows, but a variance with divisor n - ${ddof} needs ${
          ddof + 1
        }`,
      );
    }
    if (!(eps >= 0)) throw new RangeError(`Cannot normalize with eps ${eps}: wanted 0 or more`);
    const vector = { shape: [channels], dtype: "f32" } as const;
    return [{ shape: x.shape, dtype: "f32" }, vector, vector];
  },
  vjp: (call, [dy]) => {
    if (dy === null) return [null, null, null];
    const [x, gain] = call.inputs, [, mean, variance] = call.outputs;
    return callBatchNormGrad([x, gain, mean, variance, dy], call.attrs);
  },
  reference: ([x, gain, bias], call) => {
    const { rows, columns: channels } = rowsOf(call.inputs[0]), { ddof, eps } = call.attrs;
    const y = new Float64Array(x.length), means = new Float64Array(channels), variances = means.slice();
    for (let c = 0; c < channels; c++) {
      for (let i = c; i < x.length; i += channels) means[c] += x[i] / rows;
      for (let i = c; i < x.length; i += channels) variances[c] += (x[i] - means[c]) ** 2 / (rows - ddof);
    }
    const norm = (v: number, c: number) => (v - means[c]) / Math.sqrt(variances[c] + eps) * gain[c] + bias[c];
    return [y.map((_, i) => norm(x[i], i % channels)), means, variances];
  },
  wgsl: (call) => batchNormKernel(call, { ...rowsOf(call.inputs[0]), ...call.attrs }),
  wasm: sizesAndAttrs,
  flops: (call) => 8 * sizeOf(call.inputs[0].shape),
  cases: [
    { inputs: [[5, 3], [3], [3]], attrs: { ddof: 1, eps: 1e-5 } },
    { inputs: [[2, 1], [1], [1]], attrs: { ddof: 0, eps: 0.1 } },
    { inputs: [[3, 7, 21], [21], [21]], attrs: { ddof: 0, eps: 1e-5 } },
    { inputs: [[32, 200], [200], [200]], attrs: { ddof: 1, eps: 0 } },
    { inputs: [[301, 34], [34], [34]], attrs: { ddof: 1, eps: 1e-5 } },
    { inputs: [[4096, 768], [768], [768]], attrs: { ddof: 0, eps: 1e-5 }, bench: true },
  ],
};

/** `(x, gain, mean, variance, dy) → dx, dgain, dbias`. */
export const batchNormGradOp: Op<BatchNormAttrs> = {
  name: "batch_norm_grad",
  infer: ([x, gain, mean, variance, dy]) => {
    expectF32("batch_norm_grad", { x, gain, mean, variance, dy });
    const { columns: channels } = rowsOf(x);
    for (const [name, spec] of Object.entries({ gain, mean, variance })) expectVector(name, spec, channels);
    if (sizeOf(dy.shape) !== sizeOf(x.shape)) {
      throw new ShapeError(
        `Cannot differentiate a batch norm: x is [${x.shape}], dy [${dy.shape}]: they must have equal sizes`,
      );
    }
    const vector = { shape: [channels], dtype: "f32" } as const;
    return [{ shape: x.shape, dtype: "f32" }, vector, vector];
  },
  reference: ([x, gain, mean, variance, dy], call) => {
    const { rows, columns: channels } = rowsOf(call.inputs[0]), { ddof, eps } = call.attrs;
    const rstd = variance.map((v) => 1 / Math.sqrt(v + eps));
    const normalized = x.map((v, i) => (v - mean[i % channels]) * rstd[i % channels]);
    const dgain = new Float64Array(channels), dbias = new Float64Array(channels);
    dy.forEach((d, i) => {
      dgain[i % channels] += d * normalized[i];
      dbias[i % channels] += d;
    });
    const dx = dy.map((d, i) => {
      const c = i % channels;
      return gain[c] * rstd[c] * (d - dbias[c] / rows - normalized[i] * dgain[c] / (rows - ddof));
    });
    return [dx, dgain, dbias];
  },
  wgsl: (call) => batchNormGradKernel(call, { ...rowsOf(call.inputs[0]), ...call.attrs }),
  wasm: sizesAndAttrs,
  flops: (call) => 12 * sizeOf(call.inputs[0].shape),
  cases: batchNormOp.cases.map(({ inputs: [x, vector], ...c }) => ({
    inputs: [x, vector, vector, vector, x],
    fill: ["normal", "normal", "normal", "positive", "normal"],
    ...c,
  })),
};

const callBatchNorm = define(batchNormOp);
const callBatchNormGrad = define(batchNormGradOp);

function sizesAndAttrs({ inputs: [x], attrs }: Call<BatchNormAttrs>): readonly number[] {
  return [...Object.values(rowsOf(x)), attrs.ddof, attrs.eps];
}

function expectVector(name: string, { shape }: Spec, length: number): void {
  if (shape.length === 1 && shape[0] === length) return;
  throw new ShapeError(
    `Cannot normalize a batch: ${name} is [${shape}], but x's last size is ${length}: they must be equal`,
  );
}
