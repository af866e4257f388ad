/**
 * Permutations of axes, such as transposes.
 *
 * @module
 */
import { flat } from "../../core/wgsl.ts";
import type { Call, Op, Tensor } from "../../core/graph.ts";
import { define } from "../../core/op.ts";
import { ShapeError, sizeOf } from "../../core/tensor.ts";

/** Attributes of `permute`. */
export interface PermuteAttrs {
  /** For each axis of the result, the index of the axis of `x`; every axis occurs once. */
  readonly order: readonly number[];
}

/**
 * Permutes the axes of the tensor `x`, which has any type: axis `i` of the result is axis `order[i]` of `x`.
 * Throws ShapeError unless `order` contains each axis once.
 */
export function permute(x: Tensor, order: readonly number[]): Tensor {
  return callPermute([x], { order })[0];
}

/** Exchanges the last two axes: [..., M, N] → [..., N, M]. */
export function transpose(x: Tensor): Tensor {
  const last = x.shape.length - 1, order = x.shape.map((_, i) => i);
  return permute(x, [...order.slice(0, -2), last, last - 1]);
}

/** Permutes the axes of a tensor. */
export const permuteOp: Op<PermuteAttrs> = {
  name: "permute",
  infer: ([x], { order }) => {
    const { shape, dtype } = x;
    if (String([...order].sort((a, b) => a - b)) !== String(shape.map((_, i) => i)) || shape.length === 0) {
      throw new ShapeError(
        `Cannot permute [${shape}] to axes [${order}]: wanted each of its ${shape.length} axes once`,
      );
    }
    return [{ shape: order.map((axis) => shape[axis]), dtype }];
  },
  vjp: (call, [g]) => {
    const { order } = call.attrs;
    return [g === null || g.dtype !== "f32" ? null : permute(g, order.map((_, i) => order.indexOf(i)))];
  },
  reference: ([x], call) => {
    const { shape } = call.outputs[0], strides = stridesOf(call), y = new Float64Array(x.length);
    return [y.map((_, i) => x[sourceOf(i, shape, strides)])];
  },
  wgsl: (call) => {
    const { shape } = call.outputs[0], strides = stridesOf(call);
    const terms = shape.map((n, i) => {
      return { n, stride: strides[i], after: sizeOf(shape.slice(i + 1)) };
    }).filter(({ n }) => n > 1).map(({ n, stride, after }) => `i / ${after}u % ${n}u * ${stride}u`);
    return flat(call, `out0[i] = in0[${terms.length === 0 ? "0" : terms.join(" + ")}];`);
  },
  wasm: (call) => {
    const { shape } = call.outputs[0];
    return [sizeOf(shape), shape.length, ...shape, ...stridesOf(call)];
  },
  cases: [
    { inputs: [[3, 5]], attrs: { order: [1, 0] } },
    { inputs: [[2, 3, 67]], attrs: { order: [1, 0, 2] } },
    { inputs: [[4, 3, 2, 5]], attrs: { order: [2, 0, 3, 1] } },
    { inputs: [[7, 3]], attrs: { order: [1, 0] }, fill: [{ below: 99 }] },
    { inputs: [[1, 1]], attrs: { order: [1, 0] } },
    { inputs: [[64, 64, 768]], attrs: { order: [1, 0, 2] }, bench: true },
  ],
};

const callPermute = define(permuteOp);

/** Returns the distance in `x` between two consecutive entries of each axis of the result, in elements. */
function stridesOf({ inputs: [x], attrs }: Call<PermuteAttrs>): readonly number[] {
  return attrs.order.map((axis) => sizeOf(x.shape.slice(axis + 1)));
}

/** Returns the index in `x` of element `i` of the result. */
function sourceOf(i: number, shape: readonly number[], strides: readonly number[]): number {
  let at = 0;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    at += i % shape[axis] * strides[axis];
    i = Math.floor(i / shape[axis]);
  }
  return at;
}
