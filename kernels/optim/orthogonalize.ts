/**
 * Approximates the nearest matrix with orthogonal rows or columns. It needs only matrix products. Source:
 * Newton–Schulz iteration with the coefficients of Jordan et al. 2024, "Muon".
 *
 * @module
 */
import { fill } from "../core/gradient_ops.ts";
import { ShapeError } from "../core/tensor.ts";
import type { Tensor } from "../core/graph.ts";
import { add, div } from "../ops/elementwise/arith.ts";
import { scale } from "../ops/elementwise/scale.ts";
import { globalNorm } from "../ops/update/global_norm.ts";
import { matmul, matmulAdd } from "../ops/matmul/matmul.ts";

/**
 * One iteration maps each singular value `x` to `A·x + B·x³ + C·x⁵`. Among the coefficients whose iteration
 * ends between about 0.7 and 1.2, these have the steepest slope at 0, so that small values grow fastest.
 */
const [A, B, C] = [3.4445, -4.775, 2.0315];

/**
 * Returns a matrix with the singular vectors of `x` [M, N] and singular values between about 0.7 and 1.2.
 * Singular values below 1/500 of `x`'s norm end up smaller than 0.7, and a zero matrix stays zero. Throws
 * ShapeError unless `x` has two dimensions.
 */
export function orthogonalize(x: Tensor, { iterations = 5 }: { readonly iterations?: number } = {}): Tensor {
  if (x.shape.length !== 2) throw new ShapeError(`Cannot orthogonalize [${x.shape}]: wanted a matrix`);
  const { norm } = globalNorm([x], { clip: 0 });
  const [rows, columns] = x.shape, wide = rows <= columns;
  let z = div(x, add(norm, fill(norm, 1e-7))); // so that no singular value is above 1
  for (let i = 0; i < iterations; i++) {
    // With `S = z·zᵀ`, or `zᵀ·z` if that is smaller, computes `A·z + (B·S + C·S²)·z`. WebGPU binds every
    // tensor as writable, and a call may not bind the same tensor twice. So one operand of each product is a
    // copy, scaled by the coefficients.
    const scaled = scale(z, A);
    const square = matmul(scaled, z, wide ? { transposeB: true } : { transposeA: true }); // `A·S`
    const inner = matmulAdd(scale(square, C / A ** 2), square, { buffer: scale(square, B / A) });
    z = wide ? matmulAdd(inner, z, { buffer: scaled }) : matmulAdd(z, inner, { buffer: scaled });
  }
  return z;
}
