/**
 * AdamW's update of one tensor. Learning rate, step and scale are numbers in the peers and tensors in this
 * project.
 *
 * @module
 */
import { numpy } from "@jax-js/jax";
import { normals } from "../../../kernels/random/philox.ts";
import { adamwStep } from "../../../kernels/ops/update/adamw.ts";
import type { ComparedKernel } from "../kernel.ts";
import type { Tfjs, TfTensor } from "../tfjs.ts";

const shape = [768, 3072], count = 768 * 3072;
const eps = 1e-8, lr = 1e-3, step = 10;

/** Constants of AdamW, the same in all training steps of the benches. */
export const beta1 = 0.9, beta2 = 0.95, weightDecay = 0.1;

const rates = { rate: lr / (1 - beta1 ** step), correction: 1 - beta2 ** step, decay: weightDecay * lr };

/** AdamW: `param, grad, m, v → param, m, v`. */
export const adamwKernel: ComparedKernel = {
  name: `adamw ${shape.join("x")}`,
  inputs: {
    param: { shape, data: normals(1, "param", count) },
    grad: { shape, data: normals(1, "grad", count) },
    m: { shape, data: normals(1, "m", count) },
    v: { shape, data: normals(1, "v", count).map(Math.abs) },
    lr: { shape: [1], data: Float32Array.of(lr) },
    step: { shape: [1], data: Float32Array.of(step) },
    scale: { shape: [1], data: Float32Array.of(1) },
  },
  ours({ param, grad, m, v, lr, step, scale }) {
    const constants = { beta1, beta2, eps, decay: weightDecay };
    const [newParam, newM, newV] = adamwStep(param, { grad, m, v, lr, step, scale }, constants).call!.outputs;
    return { param: newParam, m: newM, v: newV };
  },
  jaxjs({ param, grad, m, v, ...numbers }) {
    for (const unused of Object.values(numbers)) unused.dispose();
    return jaxAdamw({ param, grad, m, v }, rates);
  },
  tfjs: (tf, { param, grad, m, v }) => tfAdamw(tf, { param, grad, m, v, ...rates }),
};

/** A parameter, its gradient and its moments. */
type State<T> = { readonly param: T; readonly grad: T; readonly m: T; readonly v: T };

/**
 * Factors of one step: `rate` is `lr / (1 - beta1^step)`, `correction` is `1 - beta2^step`, and `decay` is
 * `lr · weightDecay`.
 */
type Rates<T> = { readonly rate: T; readonly correction: T; readonly decay: number };

/** AdamW in jax-js. */
export function jaxAdamw(
  state: State<numpy.Array>,
  { rate, correction, decay }: Rates<numpy.Array | number>,
): { param: numpy.Array; m: numpy.Array; v: numpy.Array } {
  const m = state.m.mul(beta1).add(state.grad.ref.mul(1 - beta1));
  const v = state.v.mul(beta2).add(numpy.square(state.grad).mul(1 - beta2));
  const change = m.ref.mul(rate).div(numpy.sqrt(v.ref.div(correction)).add(eps));
  return { param: state.param.mul(1 - decay).sub(change), m, v };
}

/** AdamW in tfjs. */
export function tfAdamw(
  tf: Tfjs,
  { param, grad, rate, correction, decay, ...state }: State<TfTensor> & Rates<number>,
): { param: TfTensor; m: TfTensor; v: TfTensor } {
  const m = tf.add(tf.mul(state.m, beta1), tf.mul(grad, 1 - beta1));
  const v = tf.add(tf.mul(state.v, beta2), tf.mul(tf.square(grad), 1 - beta2));
  const change = tf.div(tf.mul(m, rate), tf.add(tf.sqrt(tf.div(v, correction)), eps));
  return { param: tf.sub(tf.mul(param, 1 - decay), change), m, v };
}
