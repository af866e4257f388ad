/**
 * The decision boundary of a classifier of points in a plane, with its training points.
 *
 * @module
 */
import { axisLabel, type Chart, chartOf, type ChartOptions, colorOf, legend, svgOf } from "./chart.ts";
import { gridLines, groupMarks } from "./grid.ts";
import { type Point, pointMarks } from "./scatter.ts";

/** Options of `boundaryChart`. */
export interface BoundaryOptions extends ChartOptions {
  /** Range of `x`, the lower end first. */
  readonly x: readonly [number, number];
  /** Range of `y`, the lower end first. */
  readonly y: readonly [number, number];
  /** Distance between the grid points at which the score is computed. */
  readonly step: number;
  /** Returns the classifier's score: above 0 for the second group, below 0 for the first. */
  score(x: number, y: number): number;
  /** Training points. */
  readonly points: readonly Point[];
  /** Names of the two groups. */
  readonly groups: readonly [string, string];
}

/**
 * Returns a chart of the plane in the colours of the two groups, the boundary between them, and the training
 * points.
 */
export function boundaryChart(options: BoundaryOptions): Chart {
  const { title = "", x, y, step, points, groups, width = 560, height = 420 } = options;
  const across = Math.round((x[1] - x[0]) / step) + 1, down = Math.round((y[1] - y[0]) / step) + 1;
  const scores = Array.from(
    { length: across * down },
    (_, at) => options.score(x[0] + (at % across) * step, y[0] + Math.floor(at / across) * step),
  );
  const most = Math.max(...scores.map(Math.abs), 1e-9);
  const field = {
    x1: x[0],
    x2: x[0] + (across - 1) * step,
    y1: y[0],
    y2: y[0] + (down - 1) * step,
    width: across,
    height: down,
  };
  return chartOf({
    title,
    describe: () => {
      const inside = (side: number) => points.filter(({ group = 0 }) => group === side);
      const correct = points.filter(({ x, y, group = 0 }) =>
        options.score(x, y) > 0 === (group === 1)
      ).length;
      return `Points in a plane: ${
        groups.map((name, side) => `${inside(side).length} of ${name}`).join(", ")
      }; ${correct} of ${points.length} are on the side of their group`;
    },
    html: async () =>
      legend(groups) + await svgOf((plot) => ({
        width,
        height,
        marginLeft: 48,
        x: { label: axisLabel(options.xLabel), domain: [x[0], field.x2] },
        y: { label: axisLabel(options.yLabel), domain: [y[0], field.y2] },
        marks: [
          ...[scores.map((score) => -score), scores].map((half, group) => [
            plot.contour(half, { ...field, thresholds: [0], fill: colorOf(group), fillOpacity: .18 }),
            plot.contour(half, { ...field, thresholds: [most / 3], fill: colorOf(group), fillOpacity: .12 }),
          ]).flat(),
          plot.contour(scores, { ...field, thresholds: [0], stroke: "currentColor", strokeWidth: 1.5 }),
          ...pointMarks(points, { plot, radius: 4 }),
        ],
      })),
    lines: (columns) =>
      gridLines({
        x,
        y,
        columns,
        background: (atX, atY) => {
          const i = Math.min(across - 1, Math.round((atX - x[0]) / step));
          const j = Math.min(down - 1, Math.round((atY - y[0]) / step));
          return scores[j * across + i] > 0 ? "░" : " ";
        },
        marks: points.map(({ x, y, group = 0 }) => ({ x, y, character: groupMarks[group % 2] })),
      }),
  });
}
