/**
 * How far a number stands above its like: the deviation of a new value among the last ones.
 * Source: llm.c's outlier detector; here its memory is plain data, so that a checkpoint holds it.
 *
 * @module
 */

/** Values that are looked back upon, as llm.c's. */
export const outlierWindow = 128;

/**
 * Puts `value` among the last 128, which are changed in place, and says how many standard deviations it stands above
 * their mean, itself included; deviations are those of a population. NaN until 128 came before it; 0 where all are equal.
 * A value that is no number says NaN and is not put among them, for it would hide all others.
 */
export function zScore(values: number[], value: number): number {
  if (!Number.isFinite(value)) return NaN;
  values.push(value);
  if (values.length <= outlierWindow) return NaN;
  values.shift();
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length;
  return variance === 0 ? 0 : (value - mean) / Math.sqrt(variance);
}
