/**
 * Pictures that stand in a page without a script and in a terminal: each kind of chart is one function that gives both.
 *
 * The page's form is SVG, made by Observable Plot. Its colours are the page's CSS variables --c0 to --c7 and
 * `currentColor`, so that it is readable in light and dark. The terminal's form is block characters.
 *
 * @module
 */
import * as Plot from "@observablehq/plot";
import { DOMParser } from "linkedom";

/** One picture. */
export interface Chart {
  /** What it shows, for the head of the picture; may be empty. */
  readonly title: string;
  /** Markup for the page: a legend where there is something to tell apart, and an SVG. */
  html(): string;
  /** Lines for a terminal, none wider than `columns`. */
  lines(columns: number): string[];
}

/** What every kind of chart takes. */
export interface ChartOptions {
  /** Default: none. */
  readonly title?: string;
  /** What stands along the axes (default: nothing). */
  readonly xLabel?: string;
  readonly yLabel?: string;
  /** Of the SVG, in pixels; it shrinks with its page. */
  readonly width?: number;
  readonly height?: number;
}

/** The colour of the i-th of several things in one picture. */
export function colorOf(i: number): string {
  return `var(--c${i % 8})`;
}

/** An SVG's markup by Plot, in the look that all charts share. */
export function svgOf(options: Plot.PlotOptions): string {
  const document = new DOMParser().parseFromString("<html></html>", "text/html");
  const drawn = Plot.plot({
    ...options,
    document, // linkedom's: Plot asks for no more than it has
    figure: false,
    style: { fontSize: "12px", overflow: "visible", background: "none" },
  });
  return drawn.outerHTML;
}

/** The labels of Plot's axes; null takes away the one it makes up. */
export function axisLabel(label: string | undefined): string | null {
  return label === undefined || label === "" ? null : label;
}

/** The names of several things with their colours, as markup; nothing for a single one. */
export function legend(names: readonly string[]): string {
  if (names.length < 2) return "";
  const keys = names.map((name, i) =>
    `<span><i style="background:${colorOf(i)}"></i>${escaped(name)}</span>`
  );
  return `<div class="legend">${keys.join("")}</div>`;
}

/** Text as it may stand in markup and in attributes. */
export function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll(
    '"',
    "&quot;",
  );
}

/** A number in few characters: four significant digits. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 1e6 || size !== 0 && size < 1e-4) return value.toExponential(2);
  return String(Number(value.toPrecision(4)));
}

/** The least and the greatest of the finite values; 0 and 1 where there are none; never the same twice. */
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
