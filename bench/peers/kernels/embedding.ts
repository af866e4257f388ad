/**
 * Embedding: reads the row of each token from a table. The gradient of the table sums the gradient rows of
 * equal tokens.
 *
 * @module
 */
import { nn, numpy } from "@jax-js/jax";
import { normals, uniformAt } from "../../../kernels/random/philox.ts";
import { gather } from "../../../kernels/ops/indexing/gather.ts";
import { type JaxDevice, jaxGradients } from "../jaxjs.ts";
import { type ComparedKernel, gradientsOf } from "../kernel.ts";
import { tfGradients, type Tfjs, type TfTensor } from "../tfjs.ts";

const batch = 4, time = 256, channels = 384, vocabulary = 8192;

/** Embedding and gradient: `table, ids, dy → y, dtable`. */
export const embeddingKernel: ComparedKernel = {
  name: `embedding and gradient ${vocabulary}x${channels}, ${batch * time} ids`,
  inputs: {
    table: { shape: [vocabulary, channels], data: normals(1, "table", vocabulary * channels) },
    ids: {
      shape: [batch, time],
      data: Uint32Array.from(
        { length: batch * time },
        (_, i) => Math.floor(uniformAt(1, "ids", i) * vocabulary),
      ),
    },
    dy: { shape: [batch, time, channels], data: normals(1, "dy", batch * time * channels) },
  },
  ours({ table, ids, dy }) {
    const y = gather(table, ids);
    return { y, ...gradientsOf(y, { of: { table }, dy }) };
  },
  jaxjs: ({ table, ids, dy }) =>
    jaxGradients(({ table }) => numpy.take(table, ids, 0), { of: { table }, dy }),
  tfjs: (tf, { table, ids, dy }) =>
    tfGradients(tf, { f: ({ table }) => tfEmbed(tf, { table, ids }), of: { table }, dy }),
};

/**
 * Computes the embedding in jax-js, for training. On WebGPU it is a matrix product with one-hot rows, since
 * Deno rejects the shader for the gradient of take.
 */
export function jaxEmbed(
  device: JaxDevice,
  { table, ids }: { readonly table: numpy.Array; readonly ids: numpy.Array },
): numpy.Array {
  if (device === "wasm") return numpy.take(table, ids, 0);
  return numpy.matmul(nn.oneHot(ids, table.shape[0]), table);
}

/**
 * The embedding in tfjs. Its WASM backend has no kernel for the gradient of gather, so `scatterND` sums the
 * rows there.
 */
export function tfEmbed(
  tf: Tfjs,
  { table, ids }: { readonly table: TfTensor; readonly ids: TfTensor },
): TfTensor {
  if (tf.getKernel("UnsortedSegmentSum", tf.getBackend()) !== undefined) return tf.gather(table, ids);
  const rows = ids.shape.reduce((a, b) => a * b, 1), channels = table.shape[1];
  const embed = tf.customGrad((table) => ({
    value: tf.gather(table, ids),
    gradFunc: (dy) => tf.scatterND(tf.reshape(ids, [rows, 1]), tf.reshape(dy, [rows, channels]), table.shape),
  }));
  return embed(table);
}
