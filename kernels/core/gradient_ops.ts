/**
 * Ops that backward passes are made of: fill, plus and accumulate.
 *
 * @module
 */
import type { Op, Tensor } from "./graph.ts";
import { define } from "./op.ts";
import { bytesOf, type Shape, ShapeError, sizeOf } from "./tensor.ts";
import { flat } from "./wgsl.ts";

/** Returns a tensor with the shape of `like`, filled with `value`. */
export function fill(like: Tensor, value: number): Tensor {
  return callFill([like], { value })[0];
}

/** Returns `a + b`, for tensors of equal shapes. If two calls read a tensor, its gradient is such a sum. */
export function plus(a: Tensor, b: Tensor): Tensor {
  return callPlus([a, b], null)[0];
}

/**
 * Adds `x` to the persistent `buffer`, in place, and returns the buffer's new value. If nothing has read `x`
 * yet and `x`'s op can add its result to a buffer, `x` itself is never stored, so do not read it afterwards.
 */
export function accumulate(buffer: Tensor, x: Tensor): Tensor {
  const unused = x.call !== null && !x.graph.calls.some((call) => call.inputs.includes(x));
  const added = unused ? x.call?.op.addTo?.(x.call, buffer) : null;
  return added ?? addInPlace(buffer, x);
}

/** Works like `accumulate()`, but `x` is always stored and may be read afterwards. */
export function addInPlace(buffer: Tensor, x: Tensor): Tensor {
  return callAccumulate([buffer, x], null)[0];
}

/** Attributes of `fill`. */
export interface FillAttrs {
  /** Value of every element; must be 0 for u32. */
  readonly value: number;
  /** Shape of the output; default: that of the input. The element type is always the input's. */
  readonly shape?: Shape;
}

/** Sets every element to one value. */
export const fillOp: Op<FillAttrs> = {
  name: "fill",
  constant: true,
  infer: ([like], { shape = like.shape }) => [{ shape, dtype: like.dtype }],
  reference: (_inputs, call) => [new Float64Array(sizeOf(call.outputs[0].shape)).fill(call.attrs.value)],
  wgsl: (call) => flat(call, `out0[i] = ${call.outputs[0].dtype}(${call.attrs.value});`),
  wasm: (call) => [sizeOf(call.outputs[0].shape), call.attrs.value],
  traffic: (call) => ({ read: 0, written: bytesOf(call.outputs[0]) }),
  cases: [
    { inputs: [[3, 5]], attrs: { value: 1 } },
    { inputs: [[]], attrs: { value: -2.5 } },
    { inputs: [[3]], attrs: { value: 0, shape: [2, 67] } },
  ],
};

/** `a + b`, for tensors of equal shapes. */
export const plusOp: Op<null> = {
  name: "plus",
  infer: ([a, b]) => {
    if (String(a.shape) !== String(b.shape)) {
      throw new ShapeError(`Cannot add gradients: [${a.shape}] and [${b.shape}] must have equal shapes`);
    }
    return [{ shape: a.shape, dtype: "f32" }];
  },
  vjp: (_call, [g]) => [g, g],
  reference: ([a, b]) => [a.map((x, i) => x + b[i])],
  wgsl: (call) => flat(call, "out0[i] = in0[i] + in1[i];"),
  wasmFormula: { inputs: ["a", "b"], expression: "f32x4.add(a, b)" },
  wasm: (call) => [sizeOf(call.outputs[0].shape)],
  flops: (call) => sizeOf(call.outputs[0].shape),
  cases: [{ inputs: [[7, 9], [7, 9]], attrs: null }],
};

/** `buffer += x`. */
export const accumulateOp: Op<null> = {
  name: "accumulate",
  inPlace: [0],
  infer: ([buffer, x]) => {
    if (sizeOf(buffer.shape) !== sizeOf(x.shape)) {
      throw new ShapeError(`Cannot accumulate [${x.shape}] into [${buffer.shape}]: sizes must be equal`);
    }
    return [{ shape: buffer.shape, dtype: "f32" }];
  },
  reference: ([buffer, x]) => [buffer.map((b, i) => b + x[i])],
  wgsl: (call) => flat(call, "in0[i] = in0[i] + in1[i];"),
  wasmFormula: { inputs: ["buffer", "x"], expression: "f32x4.add(buffer, x)" },
  wasm: (call) => [sizeOf(call.outputs[0].shape)],
  flops: (call) => sizeOf(call.outputs[0].shape),
  cases: [{ inputs: [[7, 9], [7, 9]], attrs: null }],
};

const callFill = define(fillOp);
const callPlus = define(plusOp);
const callAccumulate = define(accumulateOp);
