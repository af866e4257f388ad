/**
 * What the values of a tensor are like: moments, how many are at the ends of their range, a histogram.
 *
 * @module
 */

/** Of one tensor's values. */
export type ValueStats = Readonly<{
  count: number;
  mean: number;
  /** Divided by the number of values, not one less. */
  std: number;
  min: number;
  max: number;
  /** Share of values whose size is above `saturation`. */
  saturated: number;
  /** Share of values that are 0, or so near that nothing comes of them: below 1e-8 in size. */
  dead: number;
  histogram: Histogram;
}>;

/** Counts of values in bins of equal width from `from` to `to`; what lies outside is in the outermost bins. */
export type Histogram = Readonly<{ from: number; to: number; counts: readonly number[] }>;

/** How values are looked at. */
export interface ValueStatsOptions {
  /** Values larger in size count as saturated; default 0.97, the lecture's for tanh. */
  readonly saturation?: number;
  /** Bins of the histogram; default 50. */
  readonly bins?: number;
  /** The histogram's range; default: four standard deviations to each side of the mean, no further than the values. */
  readonly range?: readonly [from: number, to: number];
}

/** Looks at values; sums in float64. Throws RangeError for none. */
export function valueStats(values: ArrayLike<number>, options: ValueStatsOptions = {}): ValueStats {
  const { saturation = 0.97, bins = 50 } = options, count = values.length;
  if (count === 0) throw new RangeError("Cannot look at no values");
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
    counts[Math.min(bins - 1, Math.max(0, bin))]++; // NaN counts nowhere
  }
  return { from, to, counts };
}

/** Root of the sum of squares. */
export function normOf(values: ArrayLike<number>): number {
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += values[i] * values[i];
  return Math.sqrt(squares);
}
