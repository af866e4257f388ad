/**
 * Nesterov momentum, separate from the update of a parameter: updates a velocity in place and returns the
 * step, which looks one update ahead. Source: Nesterov 1983, in the form of Sutskever et al. 2013.
 *
 * @module
 */
import { flat } from "../../core/wgsl.ts";
import { define } from "../../core/op.ts";
import type { Op, Tensor } from "../../core/graph.ts";
import { ShapeError, sizeOf } from "../../core/tensor.ts";
import { expectF32 } from "../specs.ts";

/** Attributes of `nesterov`. */
export interface NesterovAttrs {
  /** Fraction of the previous velocity that is kept, at least 0 and less than 1. */
  readonly momentum: number;
}

/**
 * Computes `velocity = momentum · velocity + scale · grad` in place; returns
 * `momentum · velocity + scale · grad` with the new velocity. Throws ShapeError unless `grad` and `velocity`
 * have the same size and `scale` is [1].
 */
export function nesterov(
  velocity: Tensor,
  { grad, scale, momentum }: NesterovAttrs & { readonly grad: Tensor; readonly scale: Tensor },
): Tensor {
  return callNesterov([velocity, grad, scale], { momentum })[1];
}

/** (velocity, grad, scale) → velocity', step. */
export const nesterovOp: Op<NesterovAttrs> = {
  name: "nesterov",
  inPlace: [0],
  infer: ([velocity, grad, scale], { momentum }) => {
    expectF32("nesterov", { velocity, grad, scale });
    if (sizeOf(grad.shape) !== sizeOf(velocity.shape) || sizeOf(scale.shape) !== 1) {
      throw new ShapeError(
        `Cannot call nesterov: grad is [${grad.shape}], scale [${scale.shape}], wanted [${velocity.shape}], [1]`,
      );
    }
    if (!(momentum >= 0 && momentum < 1)) {
      throw new RangeError(
        `Cannot call nesterov with momentum ${momentum}: wanted at least 0 and less than 1`,
      );
    }
    return [velocity, grad].map(({ shape }) => ({ shape, dtype: "f32" as const }));
  },
  reference: ([velocity, grad, [scale]], { attrs: { momentum } }) => {
    const moved = velocity.map((v, i) => momentum * v + scale * grad[i]);
    return [moved, moved.map((v, i) => momentum * v + scale * grad[i])];
  },
  wgsl: (call) => {
    const { momentum } = call.attrs;
    return flat(
      call,
      `let g = in1[i] * in2[0];
  let v = f32(${momentum}) * in0[i] + g;
  in0[i] = v;
  out1[i] = f32(${momentum}) * v + g;`,
    );
  },
  wasm: (call) => [sizeOf(call.outputs[0].shape), call.attrs.momentum],
  flops: (call) => 5 * sizeOf(call.outputs[0].shape),
  cases: [
    { inputs: [[7, 37], [7, 37], [1]], attrs: { momentum: 0.95 } },
    { inputs: [[5], [5], [1]], attrs: { momentum: 0 } },
    { inputs: [[768, 3072], [768, 3072], [1]], attrs: { momentum: 0.95 }, bench: true },
  ],
};

const callNesterov = define(nesterovOp);
