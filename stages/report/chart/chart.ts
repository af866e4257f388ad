/**
 * The parts that all kinds of charts share. Each kind of chart has one function, which returns a chart that
 * can be drawn on a page or on a terminal.
 *
 * The form for pages is SVG made by Observable Plot, which needs no script. Its colours are the page's CSS
 * variables --c0 to --c7 and `currentColor`, so that it is readable in light and dark mode. The form for
 * terminals is made of block characters.
 *
 * @module
 */
import type * as Plot from "@observablehq/plot";
import { DOMParser } from "linkedom";
import { importPackage } from "../../disk/packages.ts";
import {
  escaped,
  jupyterDisplay,
  type MimeBundle,
  type NotebookDisplay,
} from "../../format/viewer/notebook.ts";

/** A chart, drawn when one of its methods is called. */
export interface Chart extends NotebookDisplay {
  /** Title above the chart; may be empty. */
  readonly title: string;
  /**
   * Returns what the chart shows in words and with its numbers, for those who cannot see it. It is the name
   * of the SVG.
   */
  describe(): string;
  /** Returns HTML of the chart: a legend if there are several series, and an SVG. */
  html(): Promise<string>;
  /** Returns the chart for a terminal; no line is wider than `columns`. */
  lines(columns: number): string[];
  /** The chart for a notebook. */
  [jupyterDisplay](): Promise<MimeBundle>;
}

/** Options of every kind of chart. */
export interface ChartOptions {
  /** Title above the chart (default: none). */
  readonly title?: string;
  /** Label of the x axis (default: none). */
  readonly xLabel?: string;
  /** Label of the y axis (default: none). */
  readonly yLabel?: string;
  /** Width of the SVG in pixels; it shrinks with the page. */
  readonly width?: number;
  /** Height of the SVG in pixels. */
  readonly height?: number;
}

/** How a chart is drawn on a page and on a terminal. */
export type Drawing = Pick<Chart, "title" | "describe" | "html" | "lines">;

/**
 * Returns a chart that is drawn as `drawing` says. A notebook shows its title too, and 80 columns of it in
 * plain text.
 */
export function chartOf(drawing: Drawing): Chart {
  const { title } = drawing;
  const describe = () => `${title === "" ? "" : `${title}. `}${drawing.describe()}`;
  const html = async () =>
    (await drawing.html()).replace("<svg", () => `<svg role="img" aria-label="${escaped(describe())}"`);
  return {
    ...drawing,
    describe,
    html,
    [jupyterDisplay]: async () => ({
      "text/plain": [...(title === "" ? [] : [title]), ...drawing.lines(80)].join("\n"),
      "text/html": `<div class="run-chart"><style>${notebookStyle}</style>${
        title === "" ? "" : `<b style="display:block">${escaped(title)}</b>`
      }${await html()}</div>`,
    }),
  };
}

/** Each colour has a contrast of at least 3 on white and on black, since a notebook may have either. */
const notebookStyle = `.run-chart { max-width: 680px; font: 13px/1.5 system-ui, sans-serif;
  --c0: #3b82f6; --c1: #ea580c; --c2: #16a34a; --c3: #8b5cf6;
  --c4: #b7791f; --c5: #0891b2; --c6: #db2777; --c7: #7b8390; --panel: transparent; }
.run-chart .legend { display: flex; flex-wrap: wrap; gap: 2px 14px; }
.run-chart .legend i { display: inline-block; width: 11px; height: 11px; margin-right: 5px; }`;

/** Returns the CSS colour of the i-th series of a chart. */
export function colorOf(i: number): string {
  return `var(--c${i % 8})`;
}

/**
 * Draws an SVG with Observable Plot in the style that all charts share, and returns its markup. Plot is
 * fetched when the first chart is drawn; `options` gets the library.
 */
export async function svgOf(options: (plot: typeof Plot) => Plot.PlotOptions): Promise<string> {
  const plot = await importPackage("@observablehq/plot");
  const document = new DOMParser().parseFromString("<html></html>", "text/html");
  const chosen = options(plot), { label, axis } = chosen.x ?? {};
  const isBelow = typeof label === "string" && axis === undefined;
  const drawn = plot.plot(Object.assign(chosen, {
    ...(isBelow && { marginBottom: 42 }), // the label stands below the numbers of the ticks
    document, // linkedom's document, which has everything that Plot uses
    figure: false,
    style: { fontSize: "12px", overflow: "visible", background: "none" },
  }));
  // Plot names its parts with aria-label, which elements without a role must not have; the SVG has a name.
  return drawn.outerHTML.replace(/(<[a-z]+\b[^>]*) aria-label=/g, "$1 data-mark=");
}

/** Returns the label of an axis for Plot; null suppresses the label that Plot would choose. */
export function axisLabel(label: string | undefined): string | null {
  return label === undefined || label === "" ? null : label;
}

/** Returns HTML of a legend of series names; it is empty for a single series. */
export function legend(names: readonly string[]): string {
  if (names.length < 2) return "";
  const keys = names.map((name, i) =>
    `<span><i style="background:${colorOf(i)}"></i>${escaped(name)}</span>`
  );
  return `<div class="legend">${keys.join("")}</div>`;
}

/** Returns the first `most` of some phrases, joined by semicolons, and says how many follow. */
export function listed(phrases: readonly string[], most = 30): string {
  const rest = phrases.length - most;
  return phrases.slice(0, most).join("; ") + (rest > 0 ? `; and ${rest} more` : "");
}

/** Returns a number with four significant digits. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 1e6 || size !== 0 && size < 1e-4) return value.toExponential(2);
  return String(Number(value.toPrecision(4)));
}

/**
 * Returns the range of the finite values, widened if they are all equal, or [0, 1] if there are none. The
 * lower end is always below the upper end.
 */
export function extent(values: Iterable<number>): readonly [number, number] {
  let least = Infinity, most = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  if (least > most) return [0, 1];
  return least === most ? [least - .5, most + .5] : [least, most];
}
