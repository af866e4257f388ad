/**
 * Phrases that compare measured numbers, so that a lesson describes the results of its own run.
 *
 * @module
 */

/**
 * Returns how `a` compares with `b`, for example "0.0123 higher than", or "the same as" if all digits shown
 * are equal.
 */
export function comparison(a: number, b: number, digits = 4): string {
  const difference = Math.abs(a - b).toFixed(digits);
  if (Number(difference) === 0) return "the same as";
  return `${difference} ${a > b ? "higher" : "lower"} than`;
}
