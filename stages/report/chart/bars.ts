/**
 * Bar charts of named values.
 *
 * @module
 */
import stringWidth from "string-width";
import { padEnd, truncate } from "../terminal_text.ts";
import { axisLabel, type Chart, chartOf, type ChartOptions, colorOf, listed, short, svgOf } from "./chart.ts";

/** Options of `barChart`. */
export interface BarOptions extends ChartOptions {
  /** The bars, from top to bottom. */
  readonly bars: readonly { readonly name: string; readonly value: number }[];
  /** Length of the axis, for charts whose bars are compared with each other's; default: the longest bar. */
  readonly most?: number;
}

/** Returns a chart with a horizontal bar, starting at 0, for each value. */
export function barChart(options: BarOptions): Chart {
  const { title = "", bars, width = 640, height = (options.xLabel ? 52 : 40) + 24 * bars.length } = options;
  const longest = Math.max(0, ...bars.map(({ name }) => stringWidth(name)));
  // Bars are placed by index: two bars can have the same name.
  const placed = bars.map((bar, index) => ({ ...bar, index }));
  return chartOf({
    title,
    describe: () => `Bar chart: ${listed(bars.map(({ name, value }) => `${name} ${short(value)}`), 100)}`,
    html: () =>
      svgOf((plot) => ({
        width,
        height,
        marginLeft: Math.min(240, 16 + 7 * longest),
        marginRight: 56,
        x: {
          label: axisLabel(options.xLabel),
          grid: true,
          ...(options.most !== undefined && { domain: [0, options.most] }),
        },
        y: {
          label: axisLabel(options.yLabel),
          domain: placed.map(({ index }) => index),
          tickFormat: (index: number) => bars[index]?.name ?? "",
        },
        marks: [
          plot.barX(placed, { x: "value", y: "index", fill: colorOf(0) }),
          plot.text(placed, {
            x: (bar: { value: number }) => Math.max(0, bar.value),
            y: "index",
            text: (bar: { value: number }) => short(bar.value),
            textAnchor: "start",
            dx: 4,
          }),
        ],
      })),
    lines(columns) {
      const name = Math.min(Math.floor(columns / 3), longest);
      const value = Math.max(0, ...bars.map((bar) => short(bar.value).length));
      const longestBar = Math.max(1, Math.min(50, columns - name - value - 3));
      const most = options.most ?? Math.max(...bars.map((bar) => Math.abs(bar.value)), 1e-300);
      return bars.map((bar) =>
        truncate(
          `${padEnd(truncate(bar.name, name), name)} ${short(bar.value).padStart(value)} ${
            "█".repeat(Math.round(Math.abs(bar.value) / most * longestBar))
          }`,
          columns,
        )
      );
    },
  });
}
