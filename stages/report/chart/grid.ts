/**
 * Points on a grid of characters, for charts with two axes in a terminal.
 *
 * @module
 */
import { truncate } from "../terminal_text.ts";
import { short } from "./chart.ts";

/** A point with the character that stands for it. */
export interface Mark {
  readonly x: number;
  readonly y: number;
  readonly character: string;
}

/** What the grid spans and shows. */
export interface GridOptions {
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
  readonly columns: number;
  readonly marks: readonly Mark[];
  /** What stands where no point is (default a blank). */
  ground?(x: number, y: number): string;
}

/** Characters for groups of points, in their order. */
export const groupMarks: readonly string[] = ["●", "○", "▲", "△", "■", "□", "◆", "◇"];

/** The grid's lines, and one that names the ends of its axes. */
export function gridLines({ x, y, columns, marks, ground }: GridOptions): string[] {
  const across = Math.max(1, Math.min(64, columns)), down = Math.max(6, Math.round(across / 3.2));
  const cells = Array.from({ length: down }, (_, j) =>
    Array.from({ length: across }, (_, i) =>
      ground?.(
        x[0] + (i + .5) / across * (x[1] - x[0]),
        y[1] - (j + .5) / down * (y[1] - y[0]),
      ) ?? " "));
  for (const mark of marks) {
    const i = Math.floor((mark.x - x[0]) / (x[1] - x[0]) * across);
    const j = Math.floor((y[1] - mark.y) / (y[1] - y[0]) * down);
    if (Number.isNaN(i + j)) continue;
    cells[Math.max(0, Math.min(down - 1, j))][Math.max(0, Math.min(across - 1, i))] = mark.character;
  }
  return [
    ...cells.map((row) => row.join("").trimEnd()),
    truncate(`across ${short(x[0])} to ${short(x[1])}, up ${short(y[0])} to ${short(y[1])}`, columns),
  ];
}
