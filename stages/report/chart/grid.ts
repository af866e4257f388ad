/**
 * Draws points on a grid of characters, for charts with two axes on a terminal.
 *
 * @module
 */
import stringWidth from "string-width";
import { truncate } from "../terminal_text.ts";
import { short } from "./chart.ts";

/** A point and the character that is drawn for it. */
export interface Mark {
  /** Position on the x axis. */
  readonly x: number;
  /** Position on the y axis. */
  readonly y: number;
  /** Character drawn in the cell of the point. */
  readonly character: string;
}

/** Options of `gridLines`. */
export interface GridOptions {
  /** Range of `x`, the lower end first. */
  readonly x: readonly [number, number];
  /** Range of `y`, the lower end first. */
  readonly y: readonly [number, number];
  /** Number of columns of the terminal; the grid uses at most 64. */
  readonly columns: number;
  /** Points to draw; a later one covers an earlier one in the same cell. */
  readonly marks: readonly Mark[];
  /** Character of a cell without a point (default: a space). */
  background?(x: number, y: number): string;
}

/** Characters for the points of the first, second, … group. */
export const groupMarks: readonly string[] = ["●", "○", "▲", "△", "■", "□", "◆", "◇"];

/** Returns the lines of the grid, followed by a line with the ranges of both axes. */
export function gridLines({ x, y, columns, marks, background }: GridOptions): string[] {
  const across = Math.max(1, Math.min(64, columns)), down = Math.max(6, Math.round(across / 3.2));
  const cells = Array.from({ length: down }, (_, j) =>
    Array.from({ length: across }, (_, i) =>
      background?.(
        x[0] + (i + .5) / across * (x[1] - x[0]),
        y[1] - (j + .5) / down * (y[1] - y[0]),
      ) ?? " "));
  for (const mark of marks) {
    const i = Math.floor((mark.x - x[0]) / (x[1] - x[0]) * across);
    const j = Math.floor((y[1] - mark.y) / (y[1] - y[0]) * down);
    if (Number.isNaN(i + j)) continue;
    put(cells[Math.max(0, Math.min(down - 1, j))], Math.max(0, Math.min(across - 1, i)), mark.character);
  }
  return [
    ...cells.map((row) => row.join("").trimEnd()),
    truncate(`x from ${short(x[0])} to ${short(x[1])}, y from ${short(y[0])} to ${short(y[1])}`, columns),
  ];
}

/**
 * Puts a character into a row of cells of one column each. A wide character, such as a Chinese one, takes two
 * cells; the other half of a wide character that it covers becomes a space.
 */
function put(row: string[], at: number, character: string): void {
  const width = Math.max(1, Math.min(2, stringWidth(character)));
  const from = Math.max(0, Math.min(at, row.length - width));
  if (row.length < width) return;
  if (row[from] === "") row[from - 1] = " ";
  if (row[from + width] === "") row[from + width] = " ";
  row[from] = character;
  if (width === 2) row[from + 1] = "";
}
