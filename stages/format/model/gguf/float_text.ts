/**
 * Decimal numbers that float32 metadata stands for.
 *
 * @module
 */

/** Returns the shortest decimal number that rounds to a float32: 1e-5, not 0.000009999999747378752. */
export function shortestOfSingle(value: number): number {
  for (let digits = 1; digits <= 9; digits++) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.fround(rounded) === value) return rounded;
  }
  return value;
}
