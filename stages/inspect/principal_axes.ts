/**
 * Projects points of many dimensions onto the two axes along which they vary most.
 *
 * @module
 */

const ITERATIONS = 100; // iterations of the power method: accurate enough for a picture

/**
 * Projects rows [N][C] onto their first two principal axes, [N][2]; rows with `C = 2` are returned as they
 * are. The largest component of each axis is positive, so that the same rows always give the same picture.
 */
export function principalAxes(rows: readonly ArrayLike<number>[]): readonly (readonly [number, number])[] {
  if (rows.length === 0) return [];
  const width = rows[0].length;
  if (width === 2) return rows.map((row) => [row[0], row[1]]);
  const mean = Float64Array.from(
    { length: width },
    (_, c) => rows.reduce((sum, row) => sum + row[c], 0) / rows.length,
  );
  const centred = rows.map((row) => Float64Array.from(row, (x, c) => x - mean[c]));
  const first = mainAxis(centred);
  const along = centred.map((row) => dot(row, first));
  const rest = centred.map((row, i) => row.map((x, c) => x - along[i] * first[c]));
  const second = mainAxis(rest);
  return rest.map((row, i) => [along[i], dot(row, second)]);
}

/** Returns the first principal axis, by the power method; the covariance matrix is never formed. */
function mainAxis(rows: readonly Float64Array[]): Float64Array {
  const width = rows[0].length;
  // A start vector that is unlikely to be orthogonal to the axis.
  let axis = Float64Array.from({ length: width }, (_, c) => 1 + c / width);
  for (let round = 0; round < ITERATIONS; round++) {
    const next = new Float64Array(width);
    for (const row of rows) {
      const weight = dot(row, axis);
      for (let c = 0; c < width; c++) next[c] += weight * row[c];
    }
    const size = Math.sqrt(dot(next, next));
    if (size === 0) return axis.fill(0); // all rows are equal
    axis = next.map((x) => x / size);
  }
  const largest = axis.reduce((best, x) => Math.abs(x) > Math.abs(best) ? x : best, 0);
  return largest < 0 ? axis.map((x) => -x) : axis;
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
