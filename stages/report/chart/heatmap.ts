/**
 * Heatmaps of matrices, such as counts of pairs, weights or dead neurons.
 *
 * @module
 */
import type * as Plot from "@observablehq/plot";
import stringWidth from "string-width";
import { padEnd, truncate } from "../terminal_text.ts";
import { escaped } from "../../format/viewer/notebook.ts";
import { axisLabel, type Chart, chartOf, type ChartOptions, extent, listed, short, svgOf } from "./chart.ts";

/** Options of `heatmapChart`. */
export interface HeatmapOptions extends ChartOptions {
  /** Rows of the matrix, all of the same length. */
  readonly values: readonly ArrayLike<number>[];
  /** Names of the rows (default: none). */
  readonly rows?: readonly string[];
  /** Names of the columns (default: none). */
  readonly columns?: readonly string[];
  /** Lines of text in a cell (default: no text). */
  cellText?(row: number, column: number): readonly string[];
  /**
   * Absolute value that gets the darkest shade (default: the greatest absolute value). Negative values have
   * another colour.
   */
  readonly full?: number;
}

const levels = 16; // shades; one SVG path per shade keeps the SVG of a large matrix small

/**
 * Returns a heatmap with one colour for positive and one for negative values; cells with the value 0 are
 * blank.
 */
export function heatmapChart(options: HeatmapOptions): Chart {
  const { title = "", values, rows, columns: names, cellText, width = 640 } = options;
  const across = values[0]?.length ?? 0;
  const full = options.full ?? Math.max(...extent(absolutes(values)));
  const height = options.height ??
    Math.max(80, Math.min(720, Math.round(width * values.length / Math.max(1, across)) + 40));
  const shade = (value: number): number => Math.round(Math.max(-1, Math.min(1, value / full)) * levels);
  const cells = values.flatMap((row, j) => Array.from(row, (_, i) => ({ i, j })));
  const text = cellText === undefined
    ? []
    : cells.map(({ i, j }) => ({ i: i + .5, j: j + .5, text: cellText(j, i).join("\n") }));
  return chartOf({
    title,
    describe: () => described(values, { rows, columns: names }),
    html: () =>
      svgOf((plot) => ({
        width,
        height,
        marginLeft: rows === undefined ? 20 : 20 + 7 * Math.max(...rows.map((name) => stringWidth(name))),
        marginRight: 4,
        x: axisOf(names, { label: options.xLabel, domain: [0, across], anchor: "top" }),
        y: axisOf(rows, { label: options.yLabel, domain: [values.length, 0], anchor: "left" }),
        marks: [
          (_index, scales, _channels, _dimensions, { document }) => {
            const group = document.createElementNS("http://www.w3.org/2000/svg", "g");
            const x = (i: number): number => Math.round(10 * Number(scales.x?.(i))) / 10;
            const y = (j: number): number => Math.round(10 * Number(scales.y?.(j))) / 10;
            const paths = new Map<number, string>();
            for (const { i, j } of cells) {
              const level = shade(values[j][i]);
              if (level === 0 || Number.isNaN(level)) continue;
              paths.set(level, `${paths.get(level) ?? ""}M${x(i)},${y(j)}H${x(i + 1)}V${y(j + 1)}H${x(i)}z`);
            }
            group.innerHTML = [...paths].map(([level, path]) =>
              `<path d="${path}" fill="var(${level > 0 ? "--c0" : "--c1"})" fill-opacity="${
                Math.abs(level) / levels * (cellText === undefined ? 1 : .7) // keeps text readable
              }"></path>`
            ).join("");
            return group;
          },
          plot.text(text, { x: "i", y: "j", text: "text", fontSize: 11, lineHeight: 1.1 }),
          plot.frame({ stroke: "currentColor", strokeOpacity: .4 }),
        ],
      })),
    lines: (columns) => [
      ...blocks(values, { shade, rows, names, columns }),
      truncate(
        `█ ${short(full)}  ▓ ${short(full * .75)}  ▒ ${short(full / 2)}  ░ ${short(full / 4)}${
          cells.some(({ i, j }) => values[j][i] < 0) ? "  negative: # = - ·" : ""
        }`,
        columns,
      ),
    ],
  });
}

/** Returns the size of a matrix, and its largest elements with their rows and columns. */
function described(
  values: readonly ArrayLike<number>[],
  { rows, columns }: {
    readonly rows: readonly string[] | undefined;
    readonly columns: readonly string[] | undefined;
  },
): string {
  const cells = values.flatMap((row, j) => Array.from(row, (value, i) => ({ value, i, j })))
    .filter(({ value }) => value !== 0 && !Number.isNaN(value))
    .sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
  const place = ({ value, i, j }: { value: number; i: number; j: number }): string =>
    `${short(value)} in row ${rows?.[j] ?? j + 1}, column ${columns?.[i] ?? i + 1}`;
  return `Matrix of ${values.length} rows and ${values[0]?.length ?? 0} columns; ${cells.length} ${
    cells.length === 1 ? "cell is" : "cells are"
  } not 0${cells.length === 0 ? "" : `; largest: ${listed(cells.slice(0, 5).map(place))}`}`;
}

/** Yields 0 and the absolute values of a matrix's elements. */
function* absolutes(values: readonly ArrayLike<number>[]): Generator<number> {
  yield 0;
  for (const row of values) for (let i = 0; i < row.length; i++) yield Math.abs(row[i]);
}

function axisOf(
  names: readonly string[] | undefined,
  { label, domain, anchor }: {
    readonly label: string | undefined;
    readonly domain: readonly [number, number];
    readonly anchor: "top" | "left";
  },
): Plot.ScaleOptions {
  return {
    label: label === undefined ? axisLabel(label) : escaped(label),
    domain: [...domain],
    axis: anchor,
    tickSize: 0,
    ticks: names === undefined ? [] : names.map((_, i) => i + .5),
    tickFormat: (at: number) => names?.[Math.floor(at)] ?? "",
  };
}

/**
 * Returns the matrix as shading characters: two columns per cell if they fit, otherwise one. A matrix that is
 * larger than the terminal is averaged over neighbouring cells.
 */
function blocks(
  values: readonly ArrayLike<number>[],
  { shade, rows, names, columns }: {
    shade(value: number): number;
    readonly rows: readonly string[] | undefined;
    readonly names: readonly string[] | undefined;
    readonly columns: number;
  },
): string[] {
  const across = values[0]?.length ?? 0;
  const margin = rows === undefined
    ? 0
    : Math.min(12, Math.floor(columns / 3), Math.max(...rows.map((name) => stringWidth(name)))) + 1;
  const available = Math.max(1, columns - margin);
  const wide = 2 * across <= available ? 2 : 1;
  const shown = Math.min(across, Math.floor(available / wide));
  const down = Math.min(values.length, 40);
  const mean = (j: number, i: number): number => {
    let sum = 0, count = 0;
    for (let a = Math.floor(j * values.length / down); a < Math.floor((j + 1) * values.length / down); a++) {
      for (let b = Math.floor(i * across / shown); b < Math.floor((i + 1) * across / shown); b++, count++) {
        sum += values[a][b];
      }
    }
    return sum / count;
  };
  const head = names === undefined || shown < across || names.some((name) => stringWidth(name) > wide)
    ? []
    : [" ".repeat(margin) + names.map((name) => padEnd(name, wide)).join("").trimEnd()];
  return [
    ...head,
    ...Array.from({ length: down }, (_, j) => {
      const label = margin === 0
        ? ""
        : truncate(rows?.[Math.floor(j * values.length / down)] ?? "", margin - 1);
      const cells = Array.from({ length: shown }, (_, i) => {
        const value = mean(j, i), level = Math.ceil(Math.abs(shade(value)) / levels * 4);
        return (Number.isNaN(value) ? "?" : (value < 0 ? " ·-=#" : " ░▒▓█")[level]).repeat(wide);
      });
      return (padEnd(label, margin) + cells.join("")).trimEnd();
    }),
  ];
}
