/**
 * Gated linear units, the MLPs of Llama (SwiGLU) and Gemma (GeGLU): one half of the channels, after an
 * activation, multiplies the other half.
 * Source: Shazeer 2020, "GLU variants improve Transformer".
 *
 * @module
 */
import type { Call, Op, Tensor } from "../../core/graph.ts";
import { define } from "../../core/op.ts";
import { ShapeError, sizeOf, type Spec } from "../../core/tensor.ts";
import { flat } from "../../core/wgsl.ts";
import { expectF32, rowsOf } from "../specs.ts";
import type { Elementwise } from "./elementwise.ts";
import { gelu, geluFunctions } from "./gelu.ts";
import { silu, siluFunctions } from "./silu.ts";

/** Activation of the gate: `silu` makes it a SwiGLU, `gelu` (in its tanh form) a GeGLU. */
export type Gate = "silu" | "gelu";

/** Attributes of `glu`. */
export interface GluAttrs {
  /** Activation of the gate. */
  readonly gate: Gate;
}

/** For each activation: the op, WGSL expressions of `x` for its value and slope, and its number in WASM. */
const gates: Readonly<
  Record<Gate, { of: Elementwise; functions: string; value: string; slope: string; number: number }>
> = {
  silu: {
    of: silu,
    functions: siluFunctions,
    value: "x * logistic(x)",
    slope: "logistic(x) * (1.0 + x * logistic(-x))",
    number: 0,
  },
  gelu: {
    of: gelu,
    functions: geluFunctions,
    value: "x * gelu_gate(x).x",
    slope: "gelu_derivative(x)",
    number: 1,
  },
};

/**
 * Multiplies the second half of each row by the activated first half: `x` [..., 2F] → [..., F]. Throws
 * ShapeError if the last size is odd.
 */
export function glu(x: Tensor, attrs: GluAttrs): Tensor {
  return callGlu([x], attrs)[0];
}

/** `x` → `y`. */
export const gluOp: Op<GluAttrs> = {
  name: "glu",
  infer: ([x]) => {
    expectF32("glu", { x });
    return [{ shape: [...x.shape.slice(0, -1), halfOf(x)], dtype: "f32" }];
  },
  vjp: (call, [dy]) => [dy === null ? null : callGluGrad([call.inputs[0], dy], call.attrs)[0]],
  reference: ([x], call) => {
    const { gate, up } = halves(x, call);
    const [activated] = gates[call.attrs.gate].of.op.reference([gate], plain(call));
    return [activated.map((v, i) => v * up[i])];
  },
  wgsl: (call) => {
    const half = halfOf(call.inputs[0]), { functions, value } = gates[call.attrs.gate];
    const kernel = flat(
      call,
      `let at = i / ${half}u * ${2 * half}u + i % ${half}u;
  let x = in0[at];
  out0[i] = (${value}) * in0[at + ${half}u];`,
    );
    return { ...kernel, code: `${functions}\n${kernel.code}` };
  },
  wasm: (call) => [rowsOf(call.inputs[0]).rows, halfOf(call.inputs[0]), gates[call.attrs.gate].number],
  flops: (call) => 8 * sizeOf(call.outputs[0].shape),
  cases: (["silu", "gelu"] as const).flatMap((gate) => [
    { inputs: [[2, 3, 10]], attrs: { gate } },
    { inputs: [[7, 2]], attrs: { gate } },
    { inputs: [[3, 262]], attrs: { gate } },
    { inputs: [[1024, 3072]], attrs: { gate }, bench: true },
  ]),
};

/** `(x, dy) → dx`. */
export const gluGradOp: Op<GluAttrs> = {
  name: "glu_grad",
  infer: ([x, dy]) => {
    expectF32("glu_grad", { x, dy });
    if (sizeOf(dy.shape) * 2 !== sizeOf(x.shape)) {
      throw new ShapeError(
        `Cannot differentiate a GLU: x is [${x.shape}], dy [${dy.shape}]: wanted half of x`,
      );
    }
    return [{ shape: x.shape, dtype: "f32" }];
  },
  reference: ([x, dy], call) => {
    const { half, gate, up } = halves(x, call), { of } = gates[call.attrs.gate];
    const [activated] = of.op.reference([gate], plain(call));
    const [dGate] = of.gradOp.reference([gate, dy.map((v, i) => v * up[i])], plain(call));
    const row = (i: number) => Math.floor(i / (2 * half)) * half + i % half;
    return [x.map((_, i) => i % (2 * half) < half ? dGate[row(i)] : activated[row(i)] * dy[row(i)])];
  },
  wgsl: (call) => {
    const half = halfOf(call.inputs[0]), { functions, value, slope } = gates[call.attrs.gate];
    const kernel = flat(
      call,
      `let row = i / ${half}u * ${2 * half}u;
  let at = row + i % ${half}u;
  let x = in0[at];
  let dy = in1[i];
  out0[at] = (${slope}) * in0[at + ${half}u] * dy;
  out0[at + ${half}u] = (${value}) * dy;`,
      { count: sizeOf(call.inputs[1].shape) },
    );
    return { ...kernel, code: `${functions}\n${kernel.code}` };
  },
  wasm: (call) => [rowsOf(call.inputs[0]).rows, halfOf(call.inputs[0]), gates[call.attrs.gate].number],
  flops: (call) => 16 * sizeOf(call.inputs[1].shape),
  cases: (["silu", "gelu"] as const).flatMap((gate) => [
    { inputs: [[2, 3, 10], [2, 3, 5]], attrs: { gate } },
    { inputs: [[7, 2], [7, 1]], attrs: { gate } },
    { inputs: [[3, 262], [3, 131]], attrs: { gate } },
    { inputs: [[1024, 3072], [1024, 1536]], attrs: { gate }, bench: true },
  ]),
};

const callGlu = define(gluOp);
const callGluGrad = define(gluGradOp);

/** Returns half the size of the last axis. Throws ShapeError if it is odd. */
function halfOf(x: Spec): number {
  const { columns } = rowsOf(x);
  if (columns % 2 === 0) return columns / 2;
  throw new ShapeError(`Cannot gate [${x.shape}]: the last size must be even`);
}

/** The call as one of the activation's op, which has no attributes. */
function plain(call: Call): Call<null> {
  return { ...call, attrs: null };
}

/** Returns the gates and the numbers that they multiply, each [rows, F]. */
function halves(x: Float64Array, call: Call): { half: number; gate: Float64Array; up: Float64Array } {
  const half = halfOf(call.inputs[0]), count = x.length / 2;
  const at = (i: number) => Math.floor(i / half) * 2 * half + i % half;
  return {
    half,
    gate: Float64Array.from({ length: count }, (_, i) => x[at(i)]),
    up: Float64Array.from({ length: count }, (_, i) => x[at(i) + half]),
  };
}
