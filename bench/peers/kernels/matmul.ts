/**
 * Matrix product of two matrices, neither of them transposed.
 *
 * @module
 */
import { numpy } from "@jax-js/jax";
import { normals } from "../../../kernels/random/philox.ts";
import { matmul } from "../../../kernels/ops/matmul/matmul.ts";
import type { ComparedKernel } from "../kernel.ts";

/** Returns the product of [m, k] and [k, n]. */
export function matmulKernel([m, k, n]: readonly number[]): ComparedKernel {
  return {
    name: `matmul ${m}x${k}x${n}`,
    inputs: {
      a: { shape: [m, k], data: normals(1, "a", m * k) },
      b: { shape: [k, n], data: normals(1, "b", k * n) },
    },
    ours: ({ a, b }) => ({ c: matmul(a, b) }),
    jaxjs: ({ a, b }) => ({ c: numpy.matmul(a, b) }),
    tfjs: (tf, { a, b }) => ({ c: tf.matMul(a, b) }),
  };
}
