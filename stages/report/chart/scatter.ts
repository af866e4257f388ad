/**
 * Scatter charts of points with groups or labels, such as embeddings of characters.
 *
 * @module
 */
import type * as Plot from "@observablehq/plot";
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
import { gridLines, groupMarks } from "./grid.ts";

/** A point of a scatter chart. */
export interface Point {
  /** Position on the x axis. */
  readonly x: number;
  /** Position on the y axis. */
  readonly y: number;
  /** Text drawn in the point (default: none). */
  readonly label?: string;
  /** Index in `groups` (default 0). */
  readonly group?: number;
}

/** Options of `scatterChart`. */
export interface ScatterOptions extends ChartOptions {
  /** Points to draw. */
  readonly points: readonly Point[];
  /** Names of the groups (default: a single group without a name). */
  readonly groups?: readonly string[];
}

/** Returns a chart of points in a plane. */
export function scatterChart(options: ScatterOptions): Chart {
  const { title = "", points, groups = [], width = 560, height = 460 } = options;
  const labelled = points.some(({ label }) => label !== undefined);
  return chartOf({
    title,
    describe: () =>
      `Points, ${points.length}: ${
        listed(
          points.filter(({ x, y }) => Number.isFinite(x + y)).map(({ x, y, label = "", group = 0 }) =>
            `${[label, groups[group] ?? ""].filter((word) => word !== "").join(", ")} at ${short(x)}, ${
              short(y)
            }`
          ),
          60,
        )
      }`,
    html: async () =>
      legend(groups) + await svgOf((plot) => ({
        width,
        height,
        marginLeft: 48,
        inset: 14,
        grid: true,
        x: { label: axisLabel(options.xLabel) },
        y: { label: axisLabel(options.yLabel) },
        marks: pointMarks(points, { plot, radius: labelled ? 9 : 4 }),
      })),
    lines: (columns) =>
      gridLines({
        x: padded(points.map(({ x }) => x)),
        y: padded(points.map(({ y }) => y)),
        columns,
        marks: points.map(({ x, y, label, group = 0 }) => ({
          x,
          y,
          character: label?.match(/\S/u)?.[0] ?? groupMarks[group % groupMarks.length],
        })),
      }),
  });
}

/** Returns plot marks for points, which other charts draw on top of their own marks. */
export function pointMarks(
  points: readonly Point[],
  { plot, radius }: { readonly plot: typeof Plot; readonly radius: number },
): Plot.Markish[] {
  return [
    plot.dot(points, {
      x: "x",
      y: "y",
      r: radius,
      fill: (point: Point) => colorOf(point.group ?? 0),
      stroke: "var(--panel)",
      strokeWidth: 1,
    }),
    plot.text(points, {
      x: "x",
      y: "y",
      text: (point: Point) => point.label ?? "",
      fill: "var(--panel)",
      fontWeight: "bold",
    }),
  ];
}

/** Returns the range of the values with a margin, so that no point is at the edge. */
function padded(values: readonly number[]): readonly [number, number] {
  const [least, most] = extent(values);
  const margin = (most - least) / 40;
  return [least - margin, most + margin];
}
