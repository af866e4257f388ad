/**
 * Cross entropy of logits against target classes. Its gradient overwrites the logits, so that the largest
 * tensor of a language model exists only once.
 *
 * @module
 */
import type { Call, Op, Tensor } from "../../core/graph.ts";
import { define } from "../../core/op.ts";
import type { WgslKernel } from "../../core/gpu.ts";
import { nanFunctions, wgslBindings } from "../../core/wgsl.ts";
import { ShapeError, sizeOf, type Spec } from "../../core/tensor.ts";
import { rowsOf } from "../specs.ts";
import { rowGrid, rowWorkgroup, workgroupMax, workgroupSum } from "../reduce/workgroup_reduce.ts";

/** Attributes of the cross entropy ops. */
export interface CrossEntropyAttrs {
  /** Number of classes; columns of the logits from this index on are padding. */
  readonly valid: number;
}

/** Target of a position to ignore, whose loss and gradient are 0. */
export const ignoredTarget = 0xFFFFFFFF;

/**
 * Returns `-log softmax(logits)[target]` of each row: `logits` [..., V], `targets` u32 [...] → losses [...].
 * Columns from `valid` on are padding of the vocabulary and are ignored. A target of `valid` or more, by
 * convention `ignoredTarget`, gives loss 0. The gradient overwrites the logits, so no later call may read
 * them. Throws ShapeError unless there is one target per row and `valid` is from 1 to V.
 */
export function crossEntropy(
  logits: Tensor,
  targets: Tensor,
  { valid = logits.shape[logits.shape.length - 1] }: { valid?: number } = {},
): Tensor {
  return callCrossEntropy([logits, targets], { valid })[0];
}

/** `(logits, targets) → losses, lse` (the log of each row's sum of exponentials). */
export const crossEntropyOp: Op<CrossEntropyAttrs> = {
  name: "cross_entropy",
  infer: ([logits, targets], attrs) => {
    checkRows({ logits, targets }, attrs);
    return [{ shape: targets.shape, dtype: "f32" }, { shape: targets.shape, dtype: "f32" }];
  },
  vjp: (call, [dlosses]) => {
    if (dlosses === null) return [null, null];
    const [logits, targets] = call.inputs, [, lse] = call.outputs;
    return [callCrossEntropyGrad([logits, targets, lse, dlosses], call.attrs)[0], null];
  },
  reference: ([logits, targets], call) => {
    const { rows, columns } = rowsOf(call.inputs[0]), { valid } = call.attrs;
    const losses = new Float64Array(rows), lse = new Float64Array(rows);
    for (let row = 0; row < rows; row++) {
      const values = logits.subarray(row * columns, row * columns + valid);
      const max = values.reduce((a, b) => Math.max(a, b));
      lse[row] = max + Math.log(values.reduce((sum, x) => sum + Math.exp(x - max), 0));
      losses[row] = targets[row] < valid ? lse[row] - values[targets[row]] : 0;
    }
    return [losses, lse];
  },
  wgsl: (call): WgslKernel =>
    lossKernel(call, {
      logits: "in0",
      store: ({ loss }) => `let label = in1[row];\n    ${loss}\n    out0[row] = loss;\n    out1[row] = lse;`,
    }),
  wasm: wasmArgs,
  flops: (call) => 4 * sizeOf(call.inputs[0].shape),
  cases: [
    { inputs: [[2, 3, 5], [2, 3]], attrs: { valid: 5 }, fill: ["normal", { below: 5 }] },
    { inputs: [[1, 1], [1]], attrs: { valid: 1 }, fill: ["normal", { below: 1 }] },
    { inputs: [[7, 200], [7]], attrs: { valid: 131 }, fill: ["normal", { below: 131 }] },
    // Some targets are ignored.
    { inputs: [[7, 5], [7]], attrs: { valid: 4 }, fill: ["normal", { below: 8 }] },
    { inputs: [[3, 1025], [3]], attrs: { valid: 1025 }, fill: ["normal", { below: 1025 }] },
    { inputs: [[256, 4096], [256]], attrs: { valid: 4096 }, fill: ["normal", { below: 4096 }], bench: true },
  ],
};

/** `(logits, targets, lse, dlosses) → dlogits`, in place of the logits. */
export const crossEntropyGradOp: Op<CrossEntropyAttrs> = {
  name: "cross_entropy_grad",
  inPlace: [0],
  infer: ([logits, targets, lse, dlosses], attrs) => {
    checkRows({ logits, targets, lse, dlosses }, attrs);
    return [{ shape: logits.shape, dtype: "f32" }];
  },
  reference: ([logits, targets, lse, dlosses], call) => {
    const { columns } = rowsOf(call.inputs[0]), { valid } = call.attrs;
    return [logits.map((x, i) => {
      const row = Math.floor(i / columns), column = i % columns;
      if (column >= valid || targets[row] >= valid) return 0;
      return (Math.exp(x - lse[row]) - (column === targets[row] ? 1 : 0)) * dlosses[row];
    })];
  },
  wgsl: (call): WgslKernel =>
    logitGradKernel(call, "let label = in1[row];\n  let lse = in2[row];\n  let scale = in3[row];"),
  wasm: wasmArgs,
  flops: (call) => 4 * sizeOf(call.inputs[0].shape),
  cases: crossEntropyOp.cases.map((c) => ({
    inputs: [...c.inputs, c.inputs[1], c.inputs[1]],
    attrs: c.attrs,
    fill: [...c.fill!, "positive", "normal"],
    bench: c.bench ?? false,
  })),
};

const callCrossEntropy = define(crossEntropyOp);
const callCrossEntropyGrad = define(crossEntropyGradOp);

/**
 * Returns a kernel with one workgroup per row of the binding `logits`. `store(computeLoss)` returns the
 * statements that one lane runs after `lse` has been computed. `computeLoss` is WGSL that sets `loss` from
 * `label`, the row's target.
 */
export function lossKernel(
  call: Call<CrossEntropyAttrs>,
  { logits, store }: {
    readonly logits: `in${number}`;
    readonly store: (code: { readonly loss: string }) => string;
  },
): WgslKernel {
  const { rows, columns } = rowsOf(call.inputs[Number(logits.slice(2))]), { valid } = call.attrs;
  const size = rowWorkgroup(valid), { workgroups, find } = rowGrid(rows);
  const loss = `var loss = 0.0;
    if (label < ${valid}u) { loss = lse - ${logits}[start + label]; }`;
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
  var top = -3.4e38;
  var sum = 0.0; // sum of exp(x - top) so far
  var bits = 0u; // the largest bits without sign, those of NaN if there is one
  for (var c = lane; c < ${valid}u; c += ${size}u) {
    let x = ${logits}[start + c];
    bits = max(bits, bitcast<u32>(x) & 0x7fffffffu);
    if (x > top) {
      sum = sum * exp(top - x) + 1.0;
      top = x;
    } else {
      sum += exp(x - top);
    }
  }
  let rowTop = workgroupMax(select(top, bitcast<f32>(bits), bits > 0x7f800000u), lane);
  let lse = rowTop + log(workgroupSum(sum * exp(top - rowTop), lane));
  if (lane == 0u) {
    ${store({ loss })}
  }
}`,
  };
}

/**
 * Returns a kernel with one workgroup per row that replaces the logits in in0 by their gradients. `find` is
 * WGSL that declares `label`, `lse` and `scale`; `scale` is the gradient of the loss.
 */
export function logitGradKernel(call: Call<CrossEntropyAttrs>, find: string): WgslKernel {
  const { rows, columns } = rowsOf(call.inputs[0]), { valid } = call.attrs;
  const size = rowWorkgroup(columns), grid = rowGrid(rows);
  return {
    workgroups: grid.workgroups,
    code: `${wgslBindings(call)}
${nanFunctions}

@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  ${grid.find}
  let start = row * ${columns}u;
  ${find}
  for (var c = lane; c < ${columns}u; c += ${size}u) {
    var grad = 0.0;
    if (c < ${valid}u && label < ${valid}u) {
      let x = in0[start + c] - lse;
      grad = (orNan(exp(x), x) - select(0.0, 1.0, c == label)) * scale;
    }
    in0[start + c] = grad;
  }
}`,
  };
}

function wasmArgs(call: Call<CrossEntropyAttrs>): readonly number[] {
  const { rows, columns } = rowsOf(call.inputs[0]);
  return [rows, columns, call.attrs.valid];
}

/** Throws ShapeError unless each of `others` has one value per row of the logits. */
function checkRows(
  { logits, ...others }: { logits: Spec } & Record<string, Spec>,
  { valid }: CrossEntropyAttrs,
): void {
  const { rows, columns } = rowsOf(logits);
  for (const [name, spec] of Object.entries(others)) {
    if (sizeOf(spec.shape) === rows) continue;
    throw new ShapeError(
      `Cannot take cross entropy: logits are [${logits.shape}], ${name} [${spec.shape}]: wanted ${rows} ${name}, one per row`,
    );
  }
  if (others.targets.dtype !== "u32") {
    throw new ShapeError(`Cannot take cross entropy: targets are ${others.targets.dtype}, wanted u32`);
  }
  if (!Number.isInteger(valid) || valid < 1 || valid > columns) {
    throw new ShapeError(`Cannot take cross entropy: valid is ${valid}, wanted 1 … ${columns}`);
  }
}
