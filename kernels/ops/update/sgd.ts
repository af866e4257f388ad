/**
 * One update of stochastic gradient descent. It changes one parameter, or several that are stored one after
 * the other, in place. It uses momentum if there is a velocity. Source: Polyak 1964; order of operations as
 * in torch.optim.SGD.
 *
 * @module
 */
import { flat } from "../../core/wgsl.ts";
import type { Call, Op, Tensor } from "../../core/graph.ts";
import { define } from "../../core/op.ts";
import { sizeOf } from "../../core/tensor.ts";
import { expectF32, expectNumber, expectSizeOf } from "../specs.ts";

/** Inputs of an update besides the parameter. */
export interface SgdInputs {
  /** The gradient before it is scaled. */
  readonly grad: Tensor;
  /** Learning rate, [1]. */
  readonly lr: Tensor;
  /** Factor that the gradient is multiplied by, [1]. */
  readonly scale: Tensor;
  /**
   * Velocity, in the parameter's shape; zeros before the first step, then updated in place. If absent, there
   * is no momentum.
   */
  readonly velocity?: Tensor;
}

/** Attributes of `sgd`. */
export interface SgdAttrs {
  /**
   * Fraction of the previous velocity that is kept, at least 0 and less than 1. Must be 0 if there is no
   * velocity.
   */
  readonly momentum: number;
  /** Weight decay: `decay · parameter` is added to the gradient of each decayed element. */
  readonly decay: number;
  /** Number of elements to which weight decay applies, counted from the first; default all. */
  readonly decayed?: number;
}

/**
 * Updates `param` (of any shape) and the velocity in place and returns the new `param`. Throws ShapeError if
 * sizes differ.
 */
export function sgdStep(param: Tensor, { grad, lr, scale, velocity }: SgdInputs, attrs: SgdAttrs): Tensor {
  return callSgd([param, grad, lr, scale, ...(velocity === undefined ? [] : [velocity])], attrs)[0];
}

/**
 * Computes the new `param` and `velocity` from `param`, `grad`, `lr`, `scale` and, for momentum, `velocity`.
 */
export const sgdOp: Op<SgdAttrs> = {
  name: "sgd",
  inPlace: [0, 4],
  infer: ([param, grad, lr, scale, velocity], { momentum, decay, decayed = 0 }) => {
    expectF32("sgd", { param, grad, lr, scale, ...(velocity && { velocity }) });
    expectSizeOf("sgd", param, { grad, ...(velocity && { velocity }) });
    expectNumber("sgd", { lr, scale });
    if (!(momentum >= 0 && momentum < 1) || velocity === undefined && momentum > 0) {
      throw new RangeError(
        `Cannot call sgd with momentum ${momentum}: wanted at least 0 and less than 1 (0 if there is no velocity)`,
      );
    }
    if (!(decay >= 0 && Number.isFinite(decay))) {
      throw new RangeError(`Cannot call sgd: decay is ${decay}, wanted 0 or more`);
    }
    if (!Number.isInteger(decayed) || decayed < 0 || decayed > sizeOf(param.shape)) {
      throw new RangeError(
        `Cannot call sgd: decayed is ${decayed}, wanted a whole number from 0 to ${sizeOf(param.shape)}`,
      );
    }
    return [param, ...(velocity ? [velocity] : [])].map(({ shape }) => ({ shape, dtype: "f32" as const }));
  },
  reference: ([param, grad, [lr], [scale], velocity], call) => {
    const { momentum, decay } = call.attrs, decayed = decayedOf(call);
    const grads = grad.map((g, i) => g * scale + (i < decayed ? decay * param[i] : 0));
    const steps = velocity === undefined ? grads : grads.map((g, i) => momentum * velocity[i] + g);
    return [param.map((p, i) => p - lr * steps[i]), ...(velocity === undefined ? [] : [steps])];
  },
  wgsl: (call) => {
    const { momentum, decay } = call.attrs, moves = call.inputs.length > 4;
    return flat(
      call,
      `let p = in0[i];
  var step = in1[i] * in3[0] + select(0.0, f32(${decay}) * p, i < ${decayedOf(call)}u);
  ${moves ? `step = f32(${momentum}) * in4[i] + step;\n  in4[i] = step;` : ""}
  in0[i] = p - in2[0] * step;`,
    );
  },
  wasm: (call) => {
    const { momentum, decay } = call.attrs;
    return [sizeOf(call.outputs[0].shape), momentum, decay, decayedOf(call), call.inputs.length > 4 ? 1 : 0];
  },
  flops: (call) => (call.inputs.length > 4 ? 7 : 5) * sizeOf(call.outputs[0].shape),
  cases: [
    { inputs: [[7, 37], [7, 37], [1], [1]], attrs: { momentum: 0, decay: 0.1 } },
    { inputs: [[70], [70], [1], [1]], attrs: { momentum: 0, decay: 0.5, decayed: 67 } },
    { inputs: [[131], [131], [1], [1], [131]], attrs: { momentum: 0.9, decay: 0 } },
    { inputs: [[203], [203], [1], [1], [203]], attrs: { momentum: 0.95, decay: 0.1, decayed: 64 } },
    { inputs: [[5], [5], [1], [1], [5]], attrs: { momentum: 0.5, decay: 0.01, decayed: 0 } },
    {
      inputs: [[768, 3072], [768, 3072], [1], [1], [768, 3072]],
      attrs: { momentum: 0.9, decay: 0 },
      bench: true,
    },
  ],
};

const callSgd = define(sgdOp);

function decayedOf({ attrs, inputs: [param] }: Call<SgdAttrs>): number {
  return attrs.decayed ?? sizeOf(param.shape);
}
