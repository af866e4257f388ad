/**
 * Down-sampling of curves that keeps their visible shape. Source: S. Steinarsson, "Downsampling Time Series
 * for Visual Representation", University of Iceland 2013, algorithm Largest-Triangle-Three-Buckets.
 *
 * @module
 */

/**
 * Returns the indices of at most `count` points, in ascending order: the first, the last, and of each bucket
 * between them the point that makes the largest triangle with its neighbours. `count` is at least 3. Points
 * that are NaN or infinite are chosen only if a bucket has no other.
 */
export function lttb(x: ArrayLike<number>, y: ArrayLike<number>, count: number): number[] {
  const n = x.length;
  if (n <= count) return Array.from({ length: n }, (_, i) => i);
  const size = (n - 2) / (count - 2);
  const kept = [0];
  for (let bucket = 0; bucket < count - 2; bucket++) {
    const from = 1 + Math.floor(bucket * size), to = 1 + Math.floor((bucket + 1) * size);
    const end = Math.min(n, 1 + Math.floor((bucket + 2) * size));
    const next = mean(x, y, { from: to, to: Math.max(to + 1, end) });
    const last = kept[kept.length - 1];
    let best = from, area = -1;
    for (let i = from; i < to; i++) {
      const size = Math.abs((x[last] - next.x) * (y[i] - y[last]) - (x[last] - x[i]) * (next.y - y[last]));
      if (size > area) [best, area] = [i, size]; // false for NaN
    }
    if (area < 0) best = finiteIn(y, from, to);
    kept.push(best);
  }
  kept.push(n - 1);
  return kept;
}

function mean(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  { from, to }: { readonly from: number; readonly to: number },
): { x: number; y: number } {
  let sumX = 0, sumY = 0, count = 0;
  for (let i = from; i < Math.min(to, x.length); i++) {
    if (!Number.isFinite(y[i])) continue;
    sumX += x[i];
    sumY += y[i];
    count++;
  }
  return { x: sumX / count, y: sumY / count };
}

function finiteIn(y: ArrayLike<number>, from: number, to: number): number {
  for (let i = from; i < to; i++) if (Number.isFinite(y[i])) return i;
  return from;
}
