/**
 * Sums over the lengths of a stage's output items, from which mean, standard deviation and range follow.
 *
 * @module
 */

/** Sums over the lengths: `mean = sum / count`, `variance = sumOfSquares / count - mean²`. */
export type Lengths = Readonly<{
  count: number;
  sum: number;
  min: number;
  max: number;
  sumOfSquares: number;
}>;

/** Returns the length of an item, in any unit; undefined if the item has no length. */
export type Measure = (item: unknown) => number | undefined;

/** Returns the sums over two sets of items. */
export function joinLengths(a: Lengths | undefined, b: Lengths | undefined): Lengths | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return {
    count: a.count + b.count,
    sum: a.sum + b.sum,
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
    sumOfSquares: a.sumOfSquares + b.sumOfSquares,
  };
}

/** Returns the sums with one more length. */
export function addLength(to: Lengths | undefined, length: number): Lengths {
  const square = length * length;
  if (to === undefined) return { count: 1, sum: length, min: length, max: length, sumOfSquares: square };
  return {
    count: to.count + 1,
    sum: to.sum + length,
    min: Math.min(to.min, length),
    max: Math.max(to.max, length),
    sumOfSquares: to.sumOfSquares + square,
  };
}
