/**
 * Detects spikes: how many standard deviations a value is above the mean of the latest values.
 * Source: llm.c's outlier detector; here its state is plain data, so that a checkpoint can hold it.
 *
 * @module
 */

/** Number of values from which the mean and the deviation are computed, as in llm.c. */
export const outlierWindow = 128;

/**
 * Returns the z-score of `value` among the latest 128 values including itself, computed with their population
 * standard deviation. It is NaN if fewer than 128 values precede it, and 0 if all values are equal. `values`
 * holds the latest values and is updated in place. A value that is NaN or infinite is not added, because it
 * would make all later scores NaN; its score is NaN.
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
