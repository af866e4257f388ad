/**
 * Points, by group or with a letter each: embeddings of characters.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import { axisLabel, type Chart, type ChartOptions, colorOf, extent, legend, svgOf } from "./chart.ts";
import { gridLines, groupMarks } from "./grid.ts";

/** A point. */
export interface Point {
  readonly x: number;
  readonly y: number;
  /** Drawn in the point (default: nothing). */
  readonly label?: string;
  /** Its place in `groups` (default 0). */
  readonly group?: number;
}

/** Points, and what their groups are called. */
export interface ScatterOptions extends ChartOptions {
  readonly points: readonly Point[];
  /** Names of the groups (default: one without a name). */
  readonly groups?: readonly string[];
}

/** Points in a plane. */
export function scatterChart(options: ScatterOptions): Chart {
  const { title = "", points, groups = [], width = 560, height = 460 } = options;
  const labelled = points.some(({ label }) => label !== undefined);
  return {
    title,
    html: () =>
      legend(groups) + svgOf({
        width,
        height,
        marginLeft: 48,
        inset: 14,
        grid: true,
        x: { label: axisLabel(options.xLabel) },
        y: { label: axisLabel(options.yLabel) },
        marks: pointMarks(points, { radius: labelled ? 9 : 4 }),
      }),
    lines: (columns) =>
      gridLines({
        x: padded(points.map(({ x }) => x)),
        y: padded(points.map(({ y }) => y)),
        columns,
        marks: points.map(({ x, y, label, group = 0 }) => ({
          x,
          y,
          character: label?.[0] ?? groupMarks[group % groupMarks.length],
        })),
      }),
  };
}

/** The marks of points, to lie over others. */
export function pointMarks(
  points: readonly Point[],
  { radius }: { readonly radius: number },
): Plot.Markish[] {
  return [
    Plot.dot(points, {
      x: "x",
      y: "y",
      r: radius,
      fill: (point: Point) => colorOf(point.group ?? 0),
      stroke: "var(--panel)",
      strokeWidth: 1,
    }),
    Plot.text(points, {
      x: "x",
      y: "y",
      text: (point: Point) => point.label ?? "",
      fill: "var(--panel)",
      fontWeight: "bold",
    }),
  ];
}

function padded(values: readonly number[]): readonly [number, number] {
  const [least, most] = extent(values);
  const room = (most - least) / 40;
  return [least - room, most + room];
}
