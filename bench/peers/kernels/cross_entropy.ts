/**
 * Cross entropy and its gradient.
 *
 * @module
 */
import { nn, type numpy } from "@jax-js/jax";
import { normals, uniformAt } from "../../../kernels/random/philox.ts";
import { crossEntropy } from "../../../kernels/ops/loss/cross_entropy.ts";
import { jaxGradients } from "../jaxjs.ts";
import { type ComparedKernel, gradientsOf } from "../kernel.ts";
import { tfGradients, type Tfjs, type TfTensor } from "../tfjs.ts";

const rows = 256, classes = 4096;

/** Cross entropy and gradient: `logits, targets, dy → y, dlogits`. */
export const crossEntropyKernel: ComparedKernel = {
  name: `cross entropy and gradient ${rows}x${classes}`,
  inputs: {
    logits: { shape: [rows, classes], data: normals(1, "logits", rows * classes) },
    targets: {
      shape: [rows],
      data: Uint32Array.from({ length: rows }, (_, i) => Math.floor(uniformAt(1, "targets", i) * classes)),
    },
    dy: { shape: [rows], data: new Float32Array(rows).fill(1 / rows) },
  },
  ours({ logits, targets, dy }) {
    const y = crossEntropy(logits, targets);
    return { y, ...gradientsOf(y, { of: { logits }, dy }) };
  },
  jaxjs: ({ logits, targets, dy }) =>
    jaxGradients(({ logits }) => jaxCrossEntropy(logits, targets), { of: { logits }, dy }),
  tfjs: (tf, { logits, targets, dy }) =>
    tfGradients(tf, { f: ({ logits }) => tfCrossEntropy(tf, { logits, targets }), of: { logits }, dy }),
};

/**
 * Computes cross entropy in jax-js: `logits` [rows, V], `targets` [rows] → losses [rows]. It uses one-hot
 * rows, since jit cannot compile the gradient of `takeAlongAxis`.
 */
export function jaxCrossEntropy(logits: numpy.Array, targets: numpy.Array): numpy.Array {
  const chosen = logits.ref.mul(nn.oneHot(targets, logits.shape[1])).sum(-1);
  return nn.logsumexp(logits, -1).sub(chosen);
}

/** Computes cross entropy in tfjs: `logits` [rows, V], `targets` [rows] → losses [rows]. */
export function tfCrossEntropy(
  tf: Tfjs,
  { logits, targets }: { readonly logits: TfTensor; readonly targets: TfTensor },
): TfTensor {
  const chosen = tf.sum(tf.mul(logits, tf.oneHot(targets, logits.shape[1])), -1);
  return tf.sub(tf.logSumExp(logits, -1), chosen);
}
