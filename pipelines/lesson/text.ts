/**
 * Formats a lesson's items as lines of text for a terminal.
 *
 * @module
 */
import stringWidth from "string-width";
import { padEnd, painter, printable, truncate } from "../../stages/report/terminal_text.ts";
import { liveFigures } from "../page/playground/live_figures.ts";
import { type Check, type ClaimItem, type Item, outcomeOf, shown, tallyText, tolerance } from "./item.ts";

/** Properties of the terminal. */
export interface TerminalStyle {
  /** Width in columns. */
  readonly columns: number;
  /** Whether to use ANSI colours. */
  readonly color: boolean;
}

/** Command that builds and serves the playground. */
export const playground = "deno task pipeline playground";

const maxProseColumns = 100; // longer lines of prose are hard to read

/**
 * The lines of an item. A line is wider than the terminal only if one of its words is. Progress items have no
 * lines.
 */
export function itemLines(item: Item, { columns, color }: TerminalStyle): string[] {
  const paint = painter(color);
  const room = Math.max(20, Math.min(maxProseColumns, columns - 1));
  switch (item.kind) {
    case "heading":
      return [
        paint("bold", truncate(item.text, room)),
        "═".repeat(Math.min(room, stringWidth(item.text))),
        "",
      ];
    case "say":
      return [...wrap(item.text, room), ""].map((line) =>
        color ? line.replace(/`([^`]+)`/g, (_, code: string) => paint("cyan", code)) : line
      );
    case "lines":
      return [...item.lines.map((line) => `  ${truncate(line, columns - 3)}`), ""];
    case "table":
      return [...tableLines(item, columns - 1), ""];
    case "check":
      return checkLines(item, { columns: columns - 1, color });
    case "claim":
      return claimLines(item, { columns: columns - 1, color });
    case "code":
      return [paint("dim", `Code: ${item.file}, ${item.name}`), ""];
    case "live": {
      const { title, does } = liveFigures[item.figure];
      return [...wrap(`Live: ${does}. In \`${playground}\`, under “${title}”.`, room), ""];
    }
    case "lecture":
      return [...wrap(`Lecture: ${item.title}`, room), `  ${item.url}`, ""];
    case "tally": {
      const text = tallyText(item);
      return text === "" ? [] : wrap(`${text}.`, room);
    }
    case "figure":
      return [
        ...item.charts.flatMap((chart) => [
          ...(chart.title === "" ? [] : wrap(chart.title, room).map((line) => paint("bold", line))),
          ...chart.lines(columns - 3).map((line) => `  ${line}`.trimEnd()),
        ]),
        ...wrap(item.caption, room).map((line) => paint("dim", line)),
        "",
      ];
    case "progress":
      return [];
  }
}

function checkLines(item: Check, { columns, color }: TerminalStyle): string[] {
  const paint = painter(color);
  const outcome = outcomeOf(item);
  const mark = { "same": paint("green", "✓"), "differs": paint("red", "✗"), "not compared": "·" }[outcome];
  const ours = shown(item.ours, item.within ?? 0), lecture = shown(item.lecture, item.within ?? 0);
  const whole = `${item.name}: ${ours} (lecture: ${lecture}${tolerance(item)})`;
  return wrap(whole, columns - 2).map((line, i) => `${i === 0 ? mark : " "} ${line}`);
}

function claimLines({ holds, text }: ClaimItem, { columns, color }: TerminalStyle): string[] {
  const paint = painter(color), mark = holds ? paint("green", "✓") : paint("red", "✗");
  return wrap(text, Math.min(maxProseColumns, columns) - 2).map((line, i) =>
    `${i === 0 ? mark : " "} ${line}`
  );
}

/**
 * Returns a table with aligned columns; if it is wider than the terminal, each row becomes lines of "head:
 * cell".
 */
function tableLines({ head, rows }: Item & { kind: "table" }, columns: number): string[] {
  const cells = rows.map((row) => row.map((cell) => printable(shown(cell))));
  const widths = head.map((name, i) =>
    Math.max(...[name, ...cells.map((row) => row[i])].map((cell) => stringWidth(cell)))
  );
  const right = head.map((_, i) => rows.length > 0 && rows.every((row) => typeof row[i] === "number"));
  if (widths.reduce((sum, width) => sum + width + 2, -2) > columns) {
    return cells.flatMap((row) =>
      row.map((cell, i) => truncate(`${i === 0 ? "" : "  "}${head[i]}: ${cell}`, columns))
    );
  }
  const line = (row: readonly string[]): string =>
    row.map((cell, i) =>
      right[i] ? " ".repeat(widths[i] - stringWidth(cell)) + cell : padEnd(cell, widths[i])
    )
      .join("  ").trimEnd();
  return [line(head), widths.map((width) => "─".repeat(width)).join("  "), ...cells.map(line)];
}

/** Wraps text at `columns`. Code between backticks is not broken. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of printable(text).match(/(?:`[^`]*`|[^\s`]|`(?![^`]*`))+/g) ?? []) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && stringWidth(longer) > columns) {
      lines.push(line);
      line = word;
    } else {
      line = longer;
    }
  }
  return [...lines, line];
}
