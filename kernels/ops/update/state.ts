/**
 * In-place changes of persistent tensors: set all elements to 0, copy another tensor, advance a counter.
 *
 * @module
 */
import { flat } from "../../core/wgsl.ts";
import { define } from "../../core/op.ts";
import type { Op, Tensor } from "../../core/graph.ts";
import { bytesOf, ShapeError, sizeOf } from "../../core/tensor.ts";
import { expectNumber, expectU32 } from "../specs.ts";

/** Attributes of `count`. */
export interface CountAttrs {
  /** Number that each call adds to the counter. */
  readonly by: number;
  /** Number at which the counter returns to 0; its largest value is `wrap - 1`. */
  readonly wrap: number;
}

/** Sets every element of `buffer` to 0, in place, and returns its new value. */
export function clear(buffer: Tensor): Tensor {
  return callClear([buffer], null)[0];
}

/**
 * Computes `counter = (counter + by) mod wrap` in place, for a counter u32 [1]. Returns the new value; calls
 * that read the old value must come before this one.
 */
export function count(counter: Tensor, attrs: CountAttrs): Tensor {
  return callCount([counter], attrs)[0];
}

/** Sets `buffer` to `x`, in place, and returns its new value. */
export function assign(buffer: Tensor, x: Tensor): Tensor {
  return callAssign([buffer, x], null)[0];
}

/** `buffer = 0`. */
export const clearOp: Op<null> = {
  name: "clear",
  inPlace: [0],
  infer: ([buffer]) => [{ shape: buffer.shape, dtype: buffer.dtype }],
  reference: ([buffer]) => [new Float64Array(buffer.length)],
  wgsl: (call) => flat(call, `in0[i] = ${call.inputs[0].dtype}(0);`),
  wasm: (call) => [sizeOf(call.outputs[0].shape)],
  traffic: (call) => ({ read: 0, written: bytesOf(call.outputs[0]) }),
  cases: [
    { inputs: [[7, 67]], attrs: null },
    { inputs: [[3]], attrs: null, fill: [{ below: 9 }] },
    { inputs: [[50304, 768]], attrs: null, bench: true },
  ],
};

/** `counter = (counter + by) mod wrap`. */
export const countOp: Op<CountAttrs> = {
  name: "count",
  inPlace: [0],
  infer: ([counter], { by, wrap }) => {
    expectU32("count", { counter });
    expectNumber("count", { counter });
    // A sum below 2^32 cannot overflow on the device.
    if (![by, wrap].every((n) => Number.isInteger(n) && n >= 0) || wrap < 1 || by + wrap > 2 ** 32) {
      throw new RangeError(
        `Cannot count by ${by} up to ${wrap}: wanted whole numbers, wrap 1 or more, and a sum of at most 2^32`,
      );
    }
    return [{ shape: counter.shape, dtype: "u32" }];
  },
  reference: ([counter], call) => [counter.map((c) => (c + call.attrs.by) % call.attrs.wrap)],
  wgsl: (call) => flat(call, `in0[i] = (in0[i] + ${call.attrs.by}u) % ${call.attrs.wrap}u;`),
  wasm: (call) => [call.attrs.by, call.attrs.wrap],
  cases: [
    { inputs: [[1]], attrs: { by: 1, wrap: 4 }, fill: [{ below: 4 }] },
    { inputs: [[1]], attrs: { by: 3, wrap: 2 }, fill: [{ below: 2 }] },
  ],
};

/** `buffer = x`. */
export const assignOp: Op<null> = {
  name: "assign",
  inPlace: [0],
  infer: ([buffer, x]) => {
    if (sizeOf(buffer.shape) !== sizeOf(x.shape) || buffer.dtype !== x.dtype) {
      throw new ShapeError(
        `Cannot assign ${x.dtype} [${x.shape}] to ${buffer.dtype} [${buffer.shape}]: type and size must be equal`,
      );
    }
    return [{ shape: buffer.shape, dtype: buffer.dtype }];
  },
  reference: ([_buffer, x]) => [x.slice()],
  wgsl: (call) => flat(call, "in0[i] = in1[i];"),
  wasm: (call) => [sizeOf(call.outputs[0].shape)],
  traffic: (call) => ({ read: bytesOf(call.inputs[1]), written: bytesOf(call.outputs[0]) }),
  cases: [
    { inputs: [[7, 67], [7, 67]], attrs: null },
    { inputs: [[5], [5]], attrs: null, fill: [{ below: 9 }, { below: 9 }] },
  ],
};

const callClear = define(clearOp);
const callCount = define(countOp);
const callAssign = define(assignOp);
