/**
 * Multiplication by a constant.
 *
 * @module
 */
import { flat } from "../../core/wgsl.ts";
import { define } from "../../core/op.ts";
import type { Op, Tensor } from "../../core/graph.ts";
import { sizeOf } from "../../core/tensor.ts";
import { expectF32 } from "../specs.ts";

/**
 * Returns `x · by` for a tensor `x` of any shape. `by` is a constant of the graph. Throws RangeError if it is
 * not finite.
 */
export function scale(x: Tensor, by: number): Tensor {
  return callScale([x], { by })[0];
}

/** `x · by`. */
export const scaleOp: Op<{ readonly by: number }> = {
  name: "scale",
  infer: ([x], { by }) => {
    expectF32("scale", { x });
    if (!Number.isFinite(by)) throw new RangeError(`Cannot scale by ${by}: wanted a finite number`);
    return [{ shape: x.shape, dtype: "f32" }];
  },
  vjp: (call, [g]) => [g === null ? null : scale(g, call.attrs.by)],
  reference: ([x], call) => [x.map((v) => v * call.attrs.by)],
  wgsl: (call) => flat(call, `out0[i] = in0[i] * f32(${call.attrs.by});`),
  wasmFormula: { inputs: ["x"], constants: ["by"], expression: "f32x4.mul(x, f32x4.splat(by))" },
  wasm: (call) => [sizeOf(call.outputs[0].shape), call.attrs.by],
  flops: (call) => sizeOf(call.outputs[0].shape),
  cases: [
    { inputs: [[]], attrs: { by: 3 } },
    { inputs: [[7, 37]], attrs: { by: -1 / 3 } },
    { inputs: [[4096, 768]], attrs: { by: 0.5 }, bench: true },
  ],
};

const callScale = define(scaleOp);
