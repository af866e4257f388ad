/**
 * One update of AdamW. It changes one parameter, or several that are stored one after the other, in place.
 * Source: Loshchilov and Hutter 2019; order of operations as in torch.optim.AdamW.
 *
 * @module
 */
import { flat } from "../../core/wgsl.ts";
import type { Call, Op, Tensor } from "../../core/graph.ts";
import { define } from "../../core/op.ts";
import { sizeOf } from "../../core/tensor.ts";
import { expectF32, expectNumber, expectSizeOf } from "../specs.ts";

/**
 * Inputs of an update besides the parameter. `m` and `v` have the parameter's shape and are updated in place;
 * `lr`, `step` and `scale` are [1].
 */
export interface AdamWInputs {
  /** The gradient before it is scaled. */
  readonly grad: Tensor;
  /** First moment, zeros before the first step. */
  readonly m: Tensor;
  /** Second moment, zeros before the first step. */
  readonly v: Tensor;
  /** Learning rate. */
  readonly lr: Tensor;
  /** Number of this update, counted from 1, as f32. */
  readonly step: Tensor;
  /** Factor that the gradient is multiplied by, from clipping. */
  readonly scale: Tensor;
}

/** Attributes of `adamw`. */
export interface AdamWAttrs {
  /** Decay rate of the first moment, at least 0 and less than 1. */
  readonly beta1: number;
  /** Decay rate of the second moment, at least 0 and less than 1. */
  readonly beta2: number;
  /** Number that is added to the denominator. */
  readonly eps: number;
  /** Decoupled weight decay: the parameter is multiplied by `1 - lr · decay`. */
  readonly decay: number;
  /** Number of elements to which weight decay applies, counted from the first; default all. */
  readonly decayed?: number;
}

/**
 * Updates `param` (of any shape), `m` and `v` in place and returns the new `param`. Throws ShapeError if
 * sizes differ.
 */
export function adamwStep(param: Tensor, inputs: AdamWInputs, attrs: AdamWAttrs): Tensor {
  const { grad, m, v, lr, step, scale } = inputs;
  return callAdamW([param, grad, m, v, lr, step, scale], attrs)[0];
}

/** `(param, grad, m, v, lr, step, scale) → param', m', v'`. */
export const adamwOp: Op<AdamWAttrs> = {
  name: "adamw",
  inPlace: [0, 2, 3],
  infer: ([param, grad, m, v, lr, step, scale], { beta1, beta2, eps, decay, decayed = 0 }) => {
    expectF32("adamw", { param, grad, m, v, lr, step, scale });
    expectSizeOf("adamw", param, { grad, m, v });
    expectNumber("adamw", { lr, step, scale });
    for (const [name, beta] of Object.entries({ beta1, beta2 })) {
      if (beta >= 0 && beta < 1) continue;
      throw new RangeError(`Cannot call adamw: ${name} is ${beta}, wanted at least 0 and less than 1`);
    }
    for (const [name, value] of Object.entries({ eps, decay })) {
      if (value >= 0 && Number.isFinite(value)) continue;
      throw new RangeError(`Cannot call adamw: ${name} is ${value}, wanted 0 or more`);
    }
    if (!Number.isInteger(decayed) || decayed < 0 || decayed > sizeOf(param.shape)) {
      throw new RangeError(
        `Cannot call adamw: decayed is ${decayed}, wanted a whole number from 0 to ${sizeOf(param.shape)}`,
      );
    }
    return [param, m, v].map(({ shape }) => ({ shape, dtype: "f32" as const }));
  },
  reference: ([param, grad, m, v, [lr], [step], [scale]], call) => {
    const { beta1, beta2, eps, decay } = call.attrs, decayed = decayedOf(call);
    const c1 = 1 - beta1 ** step, c2 = 1 - beta2 ** step;
    const m2 = m.map((x, i) => beta1 * x + (1 - beta1) * scale * grad[i]);
    const v2 = v.map((x, i) => beta2 * x + (1 - beta2) * (scale * grad[i]) ** 2);
    const p2 = param.map((x, i) =>
      x * (1 - (i < decayed ? lr * decay : 0)) - lr / c1 * m2[i] / (Math.sqrt(v2[i]) / Math.sqrt(c2) + eps)
    );
    return [p2, m2, v2];
  },
  wgsl: (call) => {
    const { beta1, beta2, eps, decay } = call.attrs, decayed = decayedOf(call);
    const kernel = flat(
      call,
      `let c1 = ${correction(beta1)};
  let c2 = ${correction(beta2)};
  let g = in1[i] * in6[0];
  let m = f32(${beta1}) * in2[i] + f32(${1 - beta1}) * g;
  let v = f32(${beta2}) * in3[i] + f32(${1 - beta2}) * g * g;
  in2[i] = m;
  in3[i] = v;
  let decay = select(0.0, in4[0] * f32(${decay}), i < ${decayed}u);
  in0[i] = in0[i] * (1.0 - decay) - in4[0] / c1 * m / (sqrt(v) / sqrt(c2) + f32(${eps}));`,
    );
    return { ...kernel, code: `${ONE_MINUS_EXP}\n${kernel.code}` };
  },
  wasm: (call) => {
    const { beta1, beta2, eps, decay } = call.attrs;
    return [sizeOf(call.outputs[0].shape), beta1, beta2, eps, decay, decayedOf(call)];
  },
  flops: (call) => 16 * sizeOf(call.outputs[0].shape),
  cases: [
    adamwCase([7, 37], { beta1: 0.9, beta2: 0.95, eps: 1e-8, decay: 0.1 }),
    adamwCase([131], { beta1: 0.9, beta2: 0.999, eps: 1e-8, decay: 0 }),
    adamwCase([203], { beta1: 0.9, beta2: 0.95, eps: 1e-8, decay: 0.1, decayed: 64 }),
    adamwCase([70], { beta1: 0.9, beta2: 0.95, eps: 1e-8, decay: 0.1, decayed: 67 }),
    adamwCase([33], { beta1: 0.9, beta2: 0.95, eps: 1e-8, decay: 0.1, decayed: 0 }),
    adamwCase([5], { beta1: 0, beta2: 0.5, eps: 1e-3, decay: 0.01 }),
    { ...adamwCase([768, 3072], { beta1: 0.9, beta2: 0.95, eps: 1e-8, decay: 0.1 }), bench: true },
  ],
};

const callAdamW = define(adamwOp);

function decayedOf({ attrs, inputs: [param] }: Call<AdamWAttrs>): number {
  return attrs.decayed ?? sizeOf(param.shape);
}

function adamwCase(shape: readonly number[], attrs: AdamWAttrs): Op<AdamWAttrs>["cases"][number] {
  return {
    inputs: [shape, shape, shape, shape, [1], [1], [1]],
    attrs,
    fill: ["normal", "normal", "normal", "positive", "positive", "positive", "positive"],
  };
}

/** Returns a WGSL expression for `1 - beta^step`. */
function correction(beta: number): string {
  return beta === 0 ? "1.0" : `one_minus_exp(in5[0] * f32(${Math.log(beta)}))`;
}

/**
 * `1 - exp(x)` for `x ≤ 0`. Near 0 it is computed by a series: for `beta2 = 0.999` and step 1 the result is
 * 0.001, and `1 - pow()` would lose most of its digits.
 */
const ONE_MINUS_EXP = `fn one_minus_exp(x: f32) -> f32 {
  if (x < -0.5) { return 1.0 - exp(x); }
  return -x * (1.0 + x / 2.0 * (1.0 + x / 3.0 * (1.0 + x / 4.0 * (1.0 + x / 5.0 * (1.0 + x / 6.0 * (1.0 + x / 7.0 \
* (1.0 + x / 8.0)))))));
}`;
