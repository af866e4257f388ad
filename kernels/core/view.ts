/**
 * Views: a tensor's memory with another shape. Nothing is computed or copied, and engines never run such a
 * call.
 *
 * @module
 */
import { define } from "./op.ts";
import type { Op, Tensor } from "./graph.ts";
import { type Shape, ShapeError, sizeOf } from "./tensor.ts";

/**
 * Returns a tensor of another shape with the elements of the tensor `x`; their order and type stay the same.
 * It costs nothing because the result shares `x`'s memory; after one of the two is overwritten in place, the
 * other must not be read. Throws ShapeError if the numbers of elements differ.
 *
 * @example
 * ```ts
 * import { Graph } from "./graph.ts";
 * import { reshape } from "./view.ts";
 * const graph = new Graph();
 * const embedded = graph.leaf("embedded", { shape: [32, 3, 10], dtype: "f32" }, "input");
 * console.assert(String(reshape(embedded, [32, 30]).shape) === "32,30");
 * ```
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  return String(x.shape) === String(shape) ? x : callView([x], { shape })[0];
}

/** The op of `reshape`. It is not in the list of ops because no engine runs it. */
export const viewOp: Op<{ readonly shape: Shape }> = {
  name: "view",
  view: true,
  inPlace: [0],
  infer: ([x], { shape }) => {
    if (sizeOf(shape) !== sizeOf(x.shape)) {
      throw new ShapeError(
        `Cannot reshape [${x.shape}] to [${shape}]: it has ${sizeOf(x.shape)} elements, not ${sizeOf(shape)}`,
      );
    }
    return [{ shape, dtype: x.dtype }];
  },
  vjp: (call, [g]) => [g === null ? null : reshape(g, call.inputs[0].shape)],
  reference: ([x]) => [x],
  wgsl: () => ({ code: "", workgroups: [1, 1, 1] }),
  wasm: () => [],
  cases: [],
};

/** Returns the tensor that `t` is a view of, or `t` itself if it is not a view. */
export function viewed(t: Tensor): Tensor {
  while (t.call?.op.view === true) t = t.call.inputs[0];
  return t;
}

const callView = define(viewOp);
