/**
 * The nearest matrix with orthogonal rows or columns, roughly, by products alone.
 * Source: Newton and Schulz's iteration with the coefficients of Jordan et al. 2024, "Muon".
 *
 * @module
 */
import { fill } from "../core/gradient_ops.ts";
import { ShapeError } from "../core/tensor.ts";
import type { Tensor } from "../core/graph.ts";
import { add, div, scale } from "../ops/elementwise/arith.ts";
import { globalNorm } from "../ops/update/global_norm.ts";
import { matmul, matmulAdd } from "../ops/matmul/matmul.ts";

/** x → A·x + B·x³ + C·x⁵ on singular values: steepest at 0 of those that end between about 0.7 and 1.2. */
const [A, B, C] = [3.4445, -4.775, 2.0315];

/**
 * A matrix with the singular vectors of x [M, N] and singular values between about 0.7 and 1.2, of those that are not
 * below a five-hundredth of x's norm; zeros where x is zeros. Throws ShapeError unless x has two sizes.
 */
export function orthogonalize(x: Tensor, { iterations = 5 }: { readonly iterations?: number } = {}): Tensor {
  if (x.shape.length !== 2) throw new ShapeError(`Cannot orthogonalize [${x.shape}]: wanted a matrix`);
  const { norm } = globalNorm([x], { clip: 0 });
  const [rows, columns] = x.shape, wide = rows <= columns;
  let z = div(x, add(norm, fill(norm, 1e-7))); // no singular value is above 1 then
  for (let i = 0; i < iterations; i++) {
    // With S = z·zᵀ, or zᵀ·z if that is smaller: A·z + (B·S + C·S²)·z. No call takes one tensor twice, since GPUs bind
    // what is read as what may be written; so the products' factors carry the coefficients.
    const scaled = scale(z, A);
    const square = wide ? matmul(scaled, z, { transposeB: true }) : matmul(scaled, z, { transposeA: true }); // A·S
    const inner = matmulAdd(scale(square, C / A ** 2), square, { buffer: scale(square, B / A) });
    z = wide ? matmulAdd(inner, z, { buffer: scaled }) : matmulAdd(z, inner, { buffer: scaled });
  }
  return z;
}
