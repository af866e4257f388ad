/**
 * Softmax along the last axis, optionally causal, and its gradient.
 *
 * @module
 */
import { define } from "../../core/op.ts";
import type { WgslKernel } from "../../core/gpu.ts";
import type { Op, Tensor } from "../../core/graph.ts";
import { nanFunctions, wgslBindings } from "../../core/wgsl.ts";
import { ShapeError, sizeOf, type Spec } from "../../core/tensor.ts";
import { expectF32, rowsOf } from "../specs.ts";
import { rowGrid, rowWorkgroup, workgroupMax, workgroupSum } from "../reduce/workgroup_reduce.ts";

/** Attributes of `softmax`. */
export interface SoftmaxAttrs {
  /** Whether row `t` of the last two axes [T, T] uses only columns 0 … `t`; the other columns become 0. */
  readonly causal: boolean;
}

/**
 * Divides `e^x` by the sum of `e^x` over the last axis: `x` [..., C] → [..., C]. If `causal`, `x` is [..., T,
 * T], and elements right of the diagonal are excluded from the sums and become 0. Throws ShapeError if
 * `causal` is true but the last two sizes of `x` differ.
 */
export function softmax(x: Tensor, { causal = false }: { readonly causal?: boolean } = {}): Tensor {
  return callSoftmax([x], { causal })[0];
}

/** `x → y`. */
export const softmaxOp: Op<SoftmaxAttrs> = {
  name: "softmax",
  infer: ([x], attrs) => [checked("softmax", x, attrs)],
  vjp: (call, [g]) => [g === null ? null : callSoftmaxGrad([call.outputs[0], g], null)[0]],
  reference: ([x], call) => {
    const { rows, columns } = rowsOf(call.inputs[0]), y = new Float64Array(x.length);
    for (let row = 0; row < rows; row++) {
      const n = call.attrs.causal ? row % columns + 1 : columns;
      const values = x.subarray(row * columns, row * columns + n);
      const top = values.reduce((a, b) => Math.max(a, b));
      const total = values.reduce((sum, v) => sum + Math.exp(v - top), 0);
      values.forEach((v, c) => y[row * columns + c] = Math.exp(v - top) / total);
    }
    return [y];
  },
  wgsl: (call): WgslKernel => {
    const { rows, columns } = rowsOf(call.inputs[0]);
    const size = rowWorkgroup(columns), { workgroups, find } = rowGrid(rows);
    return {
      workgroups,
      code: `${wgslBindings(call)}
${nanFunctions}
${workgroupMax(size)}
${workgroupSum(size)}
@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  ${find}
  let start = row * ${columns}u;
  let n = ${call.attrs.causal ? `row % ${columns}u + 1u` : `${columns}u`};
  var top = -3.4e38;
  for (var c = lane; c < n; c += ${size}u) { top = maxOrNan(top, in0[start + c]); }
  top = workgroupMax(top, lane);
  var sum = 0.0;
  for (var c = lane; c < n; c += ${size}u) { sum += exp(in0[start + c] - top); }
  sum = workgroupSum(sum, lane);
  for (var c = lane; c < ${columns}u; c += ${size}u) {
    var y = 0.0;
    if (c < n) { y = orNan(exp(in0[start + c] - top) / sum, in0[start + c] - top); }
    out0[start + c] = y;
  }
}`,
    };
  },
  wasm: (call) => {
    const { rows, columns } = rowsOf(call.inputs[0]);
    return [rows, columns, call.attrs.causal ? 1 : 0];
  },
  flops: (call) => 12 * sizeOf(call.inputs[0].shape),
  cases: [
    { inputs: [[2, 3, 5]], attrs: { causal: false } },
    { inputs: [[7, 1]], attrs: { causal: false } },
    { inputs: [[3, 301]], attrs: { causal: false } },
    { inputs: [[2, 9, 9]], attrs: { causal: true } },
    { inputs: [[33, 33]], attrs: { causal: true } },
    { inputs: [[64, 256, 256]], attrs: { causal: true }, bench: true },
  ],
};

/** `(y, dy) → dx`, where `dx = y · (dy - sum(y · dy))`. */
export const softmaxGradOp: Op<null> = {
  name: "softmax_grad",
  infer: ([y, dy]) => {
    expectF32("softmax_grad", { y, dy });
    if (sizeOf(y.shape) !== sizeOf(dy.shape)) {
      throw new ShapeError(
        `Cannot call softmax_grad: y is [${y.shape}], dy [${dy.shape}]: they must have equal sizes`,
      );
    }
    return [{ shape: y.shape, dtype: "f32" }];
  },
  reference: ([y, dy], call) => {
    const { columns } = rowsOf(call.inputs[0]), dx = new Float64Array(y.length);
    for (let start = 0; start < y.length; start += columns) {
      let dot = 0;
      for (let c = start; c < start + columns; c++) dot += y[c] * dy[c];
      for (let c = start; c < start + columns; c++) dx[c] = y[c] * (dy[c] - dot);
    }
    return [dx];
  },
  wgsl: (call): WgslKernel => {
    const { rows, columns } = rowsOf(call.inputs[0]);
    const size = rowWorkgroup(columns), { workgroups, find } = rowGrid(rows);
    return {
      workgroups,
      code: `${wgslBindings(call)}
${workgroupSum(size)}
@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  ${find}
  let start = row * ${columns}u;
  var dot = 0.0;
  for (var c = lane; c < ${columns}u; c += ${size}u) { dot += in0[start + c] * in1[start + c]; }
  dot = workgroupSum(dot, lane);
  for (var c = lane; c < ${columns}u; c += ${size}u) { out0[start + c] = in0[start + c] * (in1[start + c] - dot); }
}`,
    };
  },
  wasm: (call) => Object.values(rowsOf(call.inputs[0])),
  flops: (call) => 4 * sizeOf(call.inputs[0].shape),
  cases: [
    { inputs: [[2, 3, 5], [2, 3, 5]], attrs: null },
    { inputs: [[3, 301], [3, 301]], attrs: null },
    { inputs: [[64, 256, 256], [64, 256, 256]], attrs: null, bench: true },
  ],
};

const callSoftmax = define(softmaxOp);
const callSoftmaxGrad = define(softmaxGradOp);

function checked(op: string, x: Spec, { causal }: SoftmaxAttrs): Spec {
  expectF32(op, { x });
  const [rows, columns] = x.shape.slice(-2);
  if (x.shape.length === 0 || causal && rows !== columns) {
    throw new ShapeError(
      `Cannot call ${op} on [${x.shape}]: wanted ${causal ? "[..., T, T]" : "at least one axis"}`,
    );
  }
  return { shape: x.shape, dtype: "f32" };
}
