/**
 * Variance over adjacent axes, composed of other ops.
 *
 * @module
 */
import type { Tensor } from "../../core/graph.ts";
import { sizeOf } from "../../core/tensor.ts";
import { sub } from "../elementwise/arith.ts";
import { power } from "../elementwise/power.ts";
import { type Axes, broadcast, mean, sum } from "../reduce/reduce.ts";
import { scale } from "../elementwise/scale.ts";

/**
 * Returns the variance over axes `from` … `to - 1`, divided by the number of elements minus `ddof` (default
 * 1).
 */
export function variance(
  x: Tensor,
  { from = 0, to = x.shape.length, ddof = 1 }: Axes & { ddof?: number } = {},
): Tensor {
  const centre = broadcast(mean(x, { from, to }), { shape: x.shape, from, to });
  const n = sizeOf(x.shape.slice(from, to));
  return scale(sum(power(sub(x, centre), 2), { from, to }), 1 / (n - ddof));
}
