/**
 * Line charts, such as losses or learning rates by step.
 *
 * @module
 */
import stringWidth from "string-width";
import { padEnd, sparkline, truncate } from "../terminal_text.ts";
import {
  axisLabel,
  type Chart,
  chartOf,
  type ChartOptions,
  colorOf,
  legend,
  listed,
  short,
  svgOf,
} from "./chart.ts";

/** One curve. */
export interface Series {
  /** Name in the legend. */
  readonly name: string;
  /** Values; NaN or infinite ones leave a gap. */
  readonly y: ArrayLike<number>;
  /** Positions on the x axis (default: 0, 1, 2, …). */
  readonly x?: ArrayLike<number>;
}

/** Options of `lineChart`. */
export interface LineOptions extends ChartOptions {
  /** Curves, drawn in this order. */
  readonly series: readonly Series[];
  /** Whether the x axis is logarithmic (default: linear). */
  readonly logX?: boolean;
  /** Whether the y axis is logarithmic (default: linear). */
  readonly logY?: boolean;
  /** Range of the y axis (default: the range of all values). */
  readonly yDomain?: readonly [number, number];
  /** Labelled horizontal lines for comparison, such as the loss of a unigram model (default: none). */
  readonly marks?: readonly { readonly y: number; readonly label: string }[];
}

const mostPoints = 2000; // points of a curve: more points than pixels would only make the page larger

/** Returns a chart of curves over a shared axis. */
export function lineChart(options: LineOptions): Chart {
  const { title = "", series, logX = false, logY = false, marks = [], yDomain, width = 640, height = 320 } =
    options;
  return chartOf({
    title,
    describe: () =>
      `Line chart${options.xLabel ? ` by ${options.xLabel}` : ""}: ${
        listed([
          ...series.map(described),
          ...marks.map(({ y, label }) => `${label} marks ${short(y)}`),
        ])
      }`,
    html: async () =>
      legend(series.map(({ name }) => name)) + await svgOf((plot) => ({
        width,
        height,
        marginLeft: 52,
        x: { label: axisLabel(options.xLabel), ...(logX && { type: "log", tickFormat: "~g" }) },
        y: {
          label: axisLabel(options.yLabel),
          grid: true,
          ...(logY && { type: "log", tickFormat: "~g" }),
          ...(yDomain && { domain: [...yDomain], clamp: true }),
        },
        marks: [
          ...marks.flatMap(({ y, label }) => [
            plot.ruleY([y], { stroke: "currentColor", strokeDasharray: "4,3" }),
            plot.text([label], { y: () => y, frameAnchor: "top-right", dy: -6, textAnchor: "end" }),
          ]),
          ...series.map((one, i) =>
            plot.lineY(pointsOf(one, { logX, logY }), {
              x: "x",
              y: "y",
              stroke: colorOf(i),
              strokeWidth: 1.6,
            })
          ),
        ],
      })),
    lines(columns) {
      const name = Math.min(
        Math.floor(columns / 3),
        Math.max(0, ...series.map((one) => stringWidth(one.name))),
      );
      return series.map((one) => {
        const shown = Array.from(one.y, (y) => logY ? Math.log10(y) : y);
        const [first, last] = [one.y[0], one.y[one.y.length - 1]];
        const words = one.y.length === 0 ? "no values" : `${short(first)} → ${short(last)}`;
        const available = columns - name - words.length - 4;
        const spark = available < 4 ? "" : sparkline(shown, Math.min(60, available));
        return truncate(`${padEnd(truncate(one.name, name), name)} ${spark}  ${words}`.trimStart(), columns);
      });
    },
  });
}

/** Returns the first, last, lowest and highest value of a curve. */
function described({ name, x, y }: Series): string {
  const points = Array.from(y, (value, i) => ({ value, at: x === undefined ? i : x[i] }))
    .filter(({ value }) => Number.isFinite(value));
  if (points.length === 0) return `${name} no values`;
  const least = points.reduce((a, b) => b.value < a.value ? b : a);
  const most = points.reduce((a, b) => b.value > a.value ? b : a);
  const [first, last] = [points[0], points[points.length - 1]];
  const place = ({ value, at }: { value: number; at: number }) => `${short(value)} at ${short(at)}`;
  return `${name} from ${place(first)} to ${place(last)}, lowest ${place(least)}, highest ${place(most)}`;
}

/**
 * Returns at most `mostPoints` points of a curve, including the last one; on logarithmic axes, it returns
 * only positive values.
 */
function pointsOf(
  { x, y }: Series,
  { logX, logY }: { readonly logX: boolean; readonly logY: boolean },
): { readonly x: number; readonly y: number }[] {
  const every = Math.max(1, Math.ceil(y.length / mostPoints));
  const points = [];
  for (let i = (y.length - 1) % every; i < y.length; i += every) {
    const at = x === undefined ? i : x[i];
    if (logX && !(at > 0)) continue;
    points.push({ x: at, y: !Number.isFinite(y[i]) || logY && !(y[i] > 0) ? NaN : y[i] });
  }
  return points;
}
