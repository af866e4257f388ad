/**
 * Views: a tensor's memory under another shape. Nothing is computed and nothing copied; engines never see such a call.
 *
 * @module
 */
import { define } from "./op.ts";
import type { Op, Tensor } from "./graph.ts";
import { type Shape, ShapeError, sizeOf } from "./tensor.ts";

/**
 * x under another shape of as many elements, in the same order; of x's type. Costs nothing: it is the same memory, so
 * what is overwritten in place under one shape may not be read under the other afterwards. Throws ShapeError where sizes
 * differ.
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

/** Another shape of the same memory. Not in the list of ops: no engine runs it. */
export const viewOp: Op<{ readonly shape: Shape }> = {
  name: "view",
  view: true,
  inPlace: [0],
  infer: ([x], { shape }) => {
    if (sizeOf(shape) !== sizeOf(x.shape)) {
      throw new ShapeError(
        `Cannot reshape [${x.shape}] to [${shape}]: it has ${sizeOf(x.shape)} elements, wanted ${
          sizeOf(shape)
        }`,
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

/** The tensor that `t` is a view of: itself, unless it is one. */
export function viewed(t: Tensor): Tensor {
  while (t.call?.op.view === true) t = t.call.inputs[0];
  return t;
}

const callView = define(viewOp);
