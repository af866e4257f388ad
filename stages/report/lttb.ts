/**
 * Down-sampling of curves that keeps their visible shape. Source: S. Steinarsson, "Downsampling Time Series
 * for Visual Representation", University of Iceland 2013, algorithm Largest-Triangle-Three-Buckets.
 *
 * @module
 */

/**
 * Returns the indices of at most `count` points, in ascending order: the first, the last, and of each bucket
 * between them the point that makes the largest triangle with its neighbours. `x` ascends, and `count` is at
 * least 3. Unlike in the source, a bucket is not a share of the points but a range of `x` whose width is a
 * power of two: when a curve that was down-sampled grows and is down-sampled again, its buckets stay the same
 * or are joined in pairs, so that its beginning stays as dense as its end. Points that are NaN or infinite
 * are chosen only if a bucket has no other.
 */
export function lttb(x: ArrayLike<number>, y: ArrayLike<number>, count: number): number[] {
  const n = x.length;
  if (n <= count) return Array.from({ length: n }, (_, i) => i);
  const buckets = bucketsOf(x, count - 2);
  const kept = [0];
  for (const [b, { from, to }] of buckets.entries()) {
    const next = mean(x, y, buckets[b + 1] ?? { from: n - 1, to: n });
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

/** Indices of the points of a bucket: `from` up to, but not including, `to`. */
interface Bucket {
  readonly from: number;
  readonly to: number;
}

/** Divides the points between the first and the last into at most `count` buckets that are not empty. */
function bucketsOf(x: ArrayLike<number>, count: number): Bucket[] {
  const n = x.length, buckets: Bucket[] = [];
  // The range may begin and end within a bucket, so that it touches one bucket more than fit into it.
  const width = count === 1 ? Infinity : 2 ** Math.ceil(Math.log2((x[n - 1] - x[0]) / (count - 1)));
  const bucketOf = (i: number) => width > 0 ? Math.floor(x[i] / width) : 0;
  for (let from = 1, to = 2; from < n - 1; from = to++) {
    while (to < n - 1 && bucketOf(to) === bucketOf(from)) to++;
    buckets.push({ from, to });
  }
  return buckets;
}

function mean(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  { from, to }: Bucket,
): { x: number; y: number } {
  let sumX = 0, sumY = 0, count = 0;
  for (let i = from; i < to; i++) {
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
