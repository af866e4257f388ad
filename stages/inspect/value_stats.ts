/**
 * Statistics of a tensor's values: moments, fractions of saturated and dead values, a histogram.
 *
 * @module
 */

/** Statistics of one tensor's values. */
export type ValueStats = Readonly<{
  /** Number of values. */
  count: number;
  /** Mean of the values. */
  mean: number;
  /** Standard deviation of the population: the divisor is the number of values `n`, not `n - 1`. */
  std: number;
  /** Smallest value. */
  min: number;
  /** Largest value. */
  max: number;
  /** Fraction of values whose absolute value is above `saturation`. */
  saturated: number;
  /** Fraction of values whose absolute value is below 1e-8. Such values are too small to have an effect. */
  dead: number;
  /** Counts of the values in bins. */
  histogram: Histogram;
}>;

/**
 * Counts of values in bins of equal width between `from` and `to`. Values outside are counted in the
 * outermost bins.
 */
export type Histogram = Readonly<{ from: number; to: number; counts: readonly number[] }>;

/** Options of `valueStats`. */
export interface ValueStatsOptions {
  /** Absolute value above which a value is saturated; default 0.97, as in Karpathy's lecture, for tanh. */
  readonly saturation?: number;
  /** Number of bins in the histogram; default 50. */
  readonly bins?: number;
  /**
   * Range of the histogram; default: four standard deviations on each side of the mean, within the values'
   * range.
   */
  readonly range?: readonly [from: number, to: number];
}

/** Returns statistics of `values`, summed in float64. Throws RangeError for an empty array. */
export function valueStats(values: ArrayLike<number>, options: ValueStatsOptions = {}): ValueStats {
  const { saturation = 0.97, bins = 50 } = options, count = values.length;
  if (count === 0) throw new RangeError("Cannot compute statistics of an empty array");
  let sum = 0, min = Infinity, max = -Infinity, saturated = 0, dead = 0;
  for (let i = 0; i < count; i++) {
    const x = values[i], size = Math.abs(x);
    sum += x;
    if (x < min) min = x;
    if (x > max) max = x;
    if (size > saturation) saturated++;
    if (size < 1e-8) dead++;
  }
  const mean = sum / count;
  let squares = 0;
  for (let i = 0; i < count; i++) squares += (values[i] - mean) ** 2;
  const std = Math.sqrt(squares / count);
  const range = options.range ?? [Math.max(min, mean - 4 * std), Math.min(max, mean + 4 * std)] as const;
  return {
    count,
    mean,
    std,
    min,
    max,
    saturated: saturated / count,
    dead: dead / count,
    histogram: histogramOf(values, { range, bins }),
  };
}

/** Counts values in bins. */
export function histogramOf(
  values: ArrayLike<number>,
  { range: [from, to], bins }: { readonly range: readonly [number, number]; readonly bins: number },
): Histogram {
  const counts = new Array<number>(bins).fill(0), width = (to - from) / bins;
  for (let i = 0; i < values.length; i++) {
    const bin = width > 0 ? Math.floor((values[i] - from) / width) : 0;
    counts[Math.min(bins - 1, Math.max(0, bin))]++; // NaN has no bin and is not counted
  }
  return { from, to, counts };
}

/** Returns the root of the sum of squares. */
export function normOf(values: ArrayLike<number>): number {
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += values[i] * values[i];
  return Math.sqrt(squares);
}
