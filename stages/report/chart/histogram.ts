/**
 * Histograms of values, such as activations or gradients.
 *
 * @module
 */
import stringWidth from "string-width";
import { binMeans, eighths, padEnd, truncate } from "../terminal_text.ts";
import {
  axisLabel,
  type Chart,
  chartOf,
  type ChartOptions,
  colorOf,
  extent,
  legend,
  listed,
  short,
  svgOf,
} from "./chart.ts";

/** Options of `histogramChart`. */
export interface HistogramOptions extends ChartOptions {
  /** Sets of values with their names. */
  readonly series: readonly { readonly name: string; readonly values: ArrayLike<number> }[];
  /** Number of bins (default 50). */
  readonly bins?: number;
  /** Range that is divided into bins (default: the range of all values). */
  readonly domain?: readonly [number, number];
}

/**
 * Returns a histogram: bars for one set of values, curves for several. It shows densities, so that sets of
 * different size can be compared.
 */
export function histogramChart(options: HistogramOptions): Chart {
  const { title = "", series, bins = 50, width = 640, height = 280 } = options;
  const domain = options.domain ?? extent(allOf(series.map(({ values }) => values)));
  const counted = series.map(({ name, values }) => ({
    name,
    densities: densitiesOf(values, { domain, bins }),
  }));
  const step = (domain[1] - domain[0]) / bins;
  return chartOf({
    title,
    describe: () => `Histogram: ${listed(series.map(described))}`,
    html: async () =>
      legend(series.map(({ name }) => name)) + await svgOf((plot) => ({
        width,
        height,
        marginLeft: 52,
        x: { label: axisLabel(options.xLabel), domain: [...domain] },
        y: { label: axisLabel(options.yLabel ?? "density"), grid: true },
        marks: counted.map(({ densities }, i) => {
          const points = densities.map((density, bin) => ({ density, from: domain[0] + bin * step }));
          return counted.length === 1
            ? plot.rectY(points, {
              x1: "from",
              x2: (point: { from: number }) => point.from + step,
              y: "density",
              fill: colorOf(i),
              insetLeft: .5,
            })
            : plot.lineY(points, {
              x: (point: { from: number }) => point.from + step / 2,
              y: "density",
              stroke: colorOf(i),
              strokeWidth: 1.6,
            });
        }),
      })),
    lines(columns) {
      const name = Math.min(
        Math.floor(columns / 3),
        Math.max(0, ...series.map((one) => stringWidth(one.name))),
      );
      const ends = [short(domain[0]), short(domain[1])];
      const chartColumns = Math.max(4, Math.min(60, columns - name - ends[0].length - ends[1].length - 4));
      return counted.map(({ name: own, densities }) =>
        truncate(
          `${padEnd(truncate(own, name), name)} ${ends[0]} ${heights(densities, chartColumns)} ${ends[1]}`
            .trimStart(),
          columns,
        )
      );
    },
  });
}

/** Returns the number of values, their range and their mean. */
function described({ name, values }: HistogramOptions["series"][number]): string {
  const finite = Array.from(values).filter(Number.isFinite);
  if (finite.length === 0) return `${name} no values`;
  const [least, most] = finite.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
  const mean = finite.reduce((sum, v) => sum + v, 0) / finite.length;
  return `${name} ${finite.length} values from ${short(least)} to ${short(most)}, mean ${short(mean)}`;
}

function* allOf(lists: readonly ArrayLike<number>[]): Generator<number> {
  for (const list of lists) for (let i = 0; i < list.length; i++) yield list[i];
}

/**
 * Returns the fraction of the values in each bin, divided by the bin's width. Values outside the range are in
 * no bin.
 */
function densitiesOf(
  values: ArrayLike<number>,
  { domain, bins }: { readonly domain: readonly [number, number]; readonly bins: number },
): number[] {
  const counts: number[] = new Array(bins).fill(0);
  const step = (domain[1] - domain[0]) / bins;
  for (let i = 0; i < values.length; i++) {
    if (!(values[i] >= domain[0] && values[i] <= domain[1])) continue;
    counts[Math.min(bins - 1, Math.floor((values[i] - domain[0]) / step))]++;
  }
  return counts.map((count) => count / Math.max(1, values.length) / step);
}

/**
 * Returns the densities as block characters, scaled from 0 to the greatest density; an empty bin is a space.
 */
function heights(densities: readonly number[], columns: number): string {
  const means = binMeans(densities, columns);
  const most = Math.max(...means);
  return means.map((v) => v === 0 ? " " : eighths[Math.min(7, Math.floor(v / most * 8))]).join("");
}
