/**
 * Parts of a tensor along its first axis: a slice, its adjoint (padding with zeros), and one entry whose
 * index is in device memory.
 *
 * @module
 */
import { flat } from "../../core/wgsl.ts";
import type { Call, Op, Tensor } from "../../core/graph.ts";
import { define } from "../../core/op.ts";
import { bytesOf, ShapeError, sizeOf, type Spec } from "../../core/tensor.ts";
import { expectF32, expectNumber, expectU32 } from "../specs.ts";

/** Attributes of `slice`. */
export interface SliceAttrs {
  /** Index of the first entry. */
  readonly start: number;
  /** Number of entries, 1 or more. */
  readonly length: number;
}

/** Attributes of `pad`. */
export interface PadAttrs {
  /** Number of zero entries before `x`. */
  readonly before: number;
  /** Number of zero entries after `x`. */
  readonly after: number;
}

/**
 * Returns entries `start` … `start + length - 1` of the first axis: `x` [N, ...], of any type → [length,
 * ...].
 */
export function slice(x: Tensor, attrs: SliceAttrs): Tensor {
  return callSlice([x], attrs)[0];
}

/**
 * Adds `before` zero entries at the start of the first axis and `after` zero entries at its end: `x` [N, ...]
 * → [before + N + after, ...].
 */
export function pad(x: Tensor, attrs: PadAttrs): Tensor {
  return callPad([x], attrs)[0];
}

/**
 * Returns entry `index` of the first axis: `x` [N, ...], of any type → [...]. The index is u32 [1] in device
 * memory; an index of N or more selects the last entry.
 */
export function take(x: Tensor, index: Tensor): Tensor {
  return callTake([x, index], null)[0];
}

/** Takes a range of entries of the first axis. */
export const sliceOp: Op<SliceAttrs> = {
  name: "slice",
  infer: ([x], { start, length }) => {
    const rows = rowsOf("slice", x);
    if (![start, length].every(Number.isInteger) || start < 0 || length < 1 || start + length > rows) {
      throw new ShapeError(
        `Cannot slice [${x.shape}] from ${start}, length ${length}: wanted start >= 0, length >= 1 and start + length <= ${rows}`,
      );
    }
    return [{ shape: [length, ...x.shape.slice(1)], dtype: x.dtype }];
  },
  vjp: (call, [g]) => {
    const { start, length } = call.attrs;
    return [g === null ? null : pad(g, { before: start, after: call.inputs[0].shape[0] - start - length })];
  },
  reference: ([x], call) => {
    const [offset, n] = sliceSizes(call);
    return [x.slice(offset, offset + n)];
  },
  wgsl: (call) => flat(call, `out0[i] = in0[i + ${sliceSizes(call)[0]}u];`),
  wasm: (call) => sliceSizes(call),
  traffic: ({ outputs: [y] }) => ({ read: bytesOf(y), written: bytesOf(y) }),
  cases: [
    { inputs: [[7]], attrs: { start: 2, length: 3 } },
    { inputs: [[5, 3, 67]], attrs: { start: 0, length: 4 } },
    { inputs: [[5, 13]], attrs: { start: 4, length: 1 }, fill: [{ below: 1000 }] },
    { inputs: [[4096, 768]], attrs: { start: 1024, length: 2048 }, bench: true },
  ],
};

/** Adds zeros before and after a tensor. */
export const padOp: Op<PadAttrs> = {
  name: "pad",
  infer: ([x], { before, after }) => {
    const rows = rowsOf("pad", x);
    expectF32("pad", { x });
    if (![before, after].every((n) => Number.isInteger(n) && n >= 0)) {
      throw new ShapeError(
        `Cannot pad [${x.shape}] by ${before} before and ${after} after: wanted 0 or more of each`,
      );
    }
    return [{ shape: [before + rows + after, ...x.shape.slice(1)], dtype: "f32" }];
  },
  vjp: (call, [g]) => {
    return [g === null ? null : slice(g, { start: call.attrs.before, length: call.inputs[0].shape[0] })];
  },
  reference: ([x], call) => {
    const [before, n, after] = padSizes(call);
    const out = new Float64Array(before + n + after);
    out.set(x, before);
    return [out];
  },
  wgsl: (call) => {
    const [before, n] = padSizes(call);
    return flat(
      call,
      `if (i >= ${before}u && i < ${before + n}u) { out0[i] = in0[i - ${before}u]; } else { out0[i] = 0.0; }`,
    );
  },
  wasm: (call) => padSizes(call),
  cases: [
    { inputs: [[3]], attrs: { before: 2, after: 2 } },
    { inputs: [[2, 3, 67]], attrs: { before: 0, after: 1 } },
    { inputs: [[4, 1]], attrs: { before: 3, after: 0 } },
    { inputs: [[2048, 768]], attrs: { before: 1024, after: 1024 }, bench: true },
  ],
};

/** Takes one entry of the first axis; its index is in device memory. */
export const takeOp: Op<null> = {
  name: "take",
  infer: ([x, index]) => {
    rowsOf("take", x);
    expectU32("take", { index });
    expectNumber("take", { index });
    return [{ shape: x.shape.slice(1), dtype: x.dtype }];
  },
  reference: ([x, index], call) => {
    const [count, n] = takeSizes(call), at = Math.min(index[0], count - 1);
    return [x.slice(at * n, (at + 1) * n)];
  },
  wgsl: (call) => {
    const [count, n] = takeSizes(call);
    return flat(call, `out0[i] = in0[min(in1[0], ${count - 1}u) * ${n}u + i];`);
  },
  wasm: (call) => takeSizes(call),
  traffic: ({ inputs: [, index], outputs: [y] }) => ({
    read: bytesOf(y) + bytesOf(index),
    written: bytesOf(y),
  }),
  cases: [
    { inputs: [[4, 3, 5], [1]], attrs: null, fill: ["normal", { below: 4 }] },
    { inputs: [[3, 2, 67], [1]], attrs: null, fill: [{ below: 50000 }, { below: 3 }] },
    { inputs: [[2, 5], [1]], attrs: null, fill: ["normal", { below: 1e6 }] }, // takes the last entry
    { inputs: [[8, 4, 1024], [1]], attrs: null, fill: [{ below: 50000 }, { below: 8 }], bench: true },
  ],
};

const callSlice = define(sliceOp);
const callPad = define(padOp);
const callTake = define(takeOp);

function rowsOf(op: string, x: Spec): number {
  if (x.shape.length === 0) {
    throw new ShapeError(`Cannot call ${op}: x is a scalar, wanted at least one axis`);
  }
  return x.shape[0];
}

/** Returns the number of elements before the slice, and number of elements in it. */
function sliceSizes(call: Call<SliceAttrs>): readonly [number, number] {
  const row = sizeOf(call.inputs[0].shape.slice(1));
  return [call.attrs.start * row, call.attrs.length * row];
}

/** Returns the number of zeros before `x`, number of elements of `x`, and number of zeros after `x`. */
function padSizes(call: Call<PadAttrs>): readonly [number, number, number] {
  const [x] = call.inputs, row = sizeOf(x.shape.slice(1));
  return [call.attrs.before * row, sizeOf(x.shape), call.attrs.after * row];
}

/** Returns the number of entries, and number of elements per entry. */
function takeSizes(call: Call): readonly [number, number] {
  const { shape } = call.inputs[0];
  return [shape[0], sizeOf(shape.slice(1))];
}
