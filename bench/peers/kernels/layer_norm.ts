/**
 * Layer normalization and its gradients.
 *
 * @module
 */
import { nn, type numpy } from "@jax-js/jax";
import { normals } from "../../../kernels/random/philox.ts";
import { layerNorm } from "../../../kernels/ops/norm/layer_norm.ts";
import { jaxGradients } from "../jaxjs.ts";
import { type ComparedKernel, gradientsOf } from "../kernel.ts";
import { tfGradients, type Tfjs, type TfTensor } from "../tfjs.ts";

const rows = 1024, channels = 384, eps = 1e-5;

/** Layer norm and gradients: `x, weight, bias, dy → y, dx, dweight, dbias`. */
export const layerNormKernel: ComparedKernel = {
  name: `layer norm and gradients ${rows}x${channels}`,
  inputs: {
    x: { shape: [rows, channels], data: normals(1, "x", rows * channels) },
    weight: { shape: [channels], data: normals(1, "weight", channels) },
    bias: { shape: [channels], data: normals(1, "bias", channels) },
    dy: { shape: [rows, channels], data: normals(1, "dy", rows * channels) },
  },
  ours({ x, weight, bias, dy }) {
    const y = layerNorm(x, weight, bias, { eps });
    return { y, ...gradientsOf(y, { of: { x, weight, bias }, dy }) };
  },
  jaxjs: ({ x, weight, bias, dy }) =>
    jaxGradients(({ x, weight, bias }) => jaxNorm({ x, weight, bias }), { of: { x, weight, bias }, dy }),
  tfjs: (tf, { dy, x, weight, bias }) =>
    tfGradients(tf, {
      f: ({ x, weight, bias }) => tfNorm(tf, { x, weight, bias }),
      of: { x, weight, bias },
      dy,
    }),
};

/** Input, gain and bias of a layer norm. */
type Norm<T> = { readonly x: T; readonly weight: T; readonly bias: T };

/** Layer norm in jax-js. */
export function jaxNorm({ x, weight, bias }: Norm<numpy.Array>): numpy.Array {
  return nn.standardize(x, -1, { epsilon: eps }).mul(weight).add(bias);
}

/** Layer norm in tfjs. */
export function tfNorm(tf: Tfjs, { x, weight, bias }: Norm<TfTensor>): TfTensor {
  const centred = tf.sub(x, tf.mean(x, -1, true));
  const variance = tf.mean(tf.square(centred), -1, true);
  return tf.add(tf.mul(tf.mul(centred, tf.rsqrt(tf.add(variance, eps))), weight), bias);
}
