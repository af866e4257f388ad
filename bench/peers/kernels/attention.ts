/**
 * Causal attention and its gradient, with the sizes of the middle training step. The peers store the whole
 * matrix of attention weights.
 *
 * @module
 */
import { nn, numpy } from "@jax-js/jax";
import { normals } from "../../../kernels/random/philox.ts";
import { attention } from "../../../kernels/ops/attention/attention.ts";
import { jaxGradients } from "../jaxjs.ts";
import { type ComparedKernel, gradientsOf } from "../kernel.ts";
import { tfGradients, type Tfjs, type TfTensor } from "../tfjs.ts";

const batch = 2, time = 256, heads = 6, channels = 384;
const packed = [batch, time, 3 * channels], plain = [batch, time, channels];

/** Attention and gradient: `qkv, dy → y, dqkv`. */
export const attentionKernel: ComparedKernel = {
  name: `attention and gradient ${packed.join("x")}, ${heads} heads`,
  inputs: {
    qkv: { shape: packed, data: normals(1, "qkv", batch * time * 3 * channels) },
    dy: { shape: plain, data: normals(1, "dy", batch * time * channels) },
  },
  ours({ qkv, dy }) {
    const y = attention(qkv, { heads });
    return { y, ...gradientsOf(y, { of: { qkv }, dy }) };
  },
  jaxjs: ({ qkv, dy }) => jaxGradients(({ qkv }) => jaxAttention(qkv, heads), { of: { qkv }, dy }),
  tfjs: (tf, { qkv, dy }) =>
    tfGradients(tf, {
      f: ({ qkv }) => tfAttention(tf, { qkv, heads, mask: tfMask(tf, time) }),
      of: { qkv },
      dy,
    }),
};

/** Computes causal attention in jax-js: `qkv` [B, T, 3C] → [B, T, C]. */
export function jaxAttention(qkv: numpy.Array, heads: number): numpy.Array {
  const [batch, time, packed] = qkv.shape, channels = packed / 3;
  const [q, k, v] = numpy.split(qkv, 3, -1).map((x) => x.reshape([batch, time, heads, channels / heads]));
  return nn.dotProductAttention(q, k, v, { isCausal: true }).reshape([batch, time, channels]);
}

/** Computes causal attention in tfjs: `qkv` [B, T, 3C] → [B, T, C], with the mask of `tfMask`. */
export function tfAttention(
  tf: Tfjs,
  { qkv, heads, mask }: { readonly qkv: TfTensor; readonly heads: number; readonly mask: TfTensor },
): TfTensor {
  const [batch, time, packed] = qkv.shape, channels = packed / 3, width = channels / heads;
  const [q, k, v] = tf.split(qkv, 3, 2).map((x) =>
    tf.transpose(tf.reshape(x, [batch, time, heads, width]), [0, 2, 1, 3])
  );
  const scores = tf.add(tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(width)), mask);
  return tf.reshape(tf.transpose(tf.matMul(tf.softmax(scores), v), [0, 2, 1, 3]), [batch, time, channels]);
}

/**
 * Returns the causal mask, [T, T]: 0 if a query may attend to a key, otherwise a number so low that the
 * weight becomes 0.
 */
export function tfMask(tf: Tfjs, time: number): TfTensor {
  const mask = Float32Array.from(
    { length: time * time },
    (_, i) => i % time > Math.floor(i / time) ? -1e9 : 0,
  );
  return tf.tensor(mask, [time, time]);
}
