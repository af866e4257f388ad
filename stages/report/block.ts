/**
 * The live block: the run's state as a few lines of text that fit a width and a height. Pure; `terminal.ts` draws it.
 *
 * @module
 */
import stringWidth from "string-width";
import { printable } from "./lines.ts";
import type { Progress, StageProgress } from "./progress.ts";
import { count, rate, share, time } from "./quantity.ts";

/** Room for the block, and whether colours may be used. */
export interface Room {
  readonly columns: number;
  readonly rows: number;
  readonly color: boolean;
}

/** The block's lines: none wider than `columns`, none at all more than `rows`. */
export function blockLines(progress: Progress, room: Room): string[] {
  const paint = painter(room.color);
  const fit = (text: string) => truncate(text, room.columns);
  const head = [progress.title, progress.device, parametersOf(progress)].filter((part) => part !== "");
  const bottom = progress.step === null ? [] : trainLines(progress, room);
  const stages = stageLines(progress.stages(), room.columns);
  const space = Math.max(0, room.rows - bottom.length - 1);
  const shown = stages.length <= space ? stages : [
    ...stages.slice(0, Math.max(0, space - 1)),
    `  … ${stages.length - Math.max(0, space - 1)} more stages`,
  ].slice(0, space);
  return [
    paint("bold", fit(head.join(" · "))),
    ...shown.map((line) => /waits for|←/.test(line) ? paint("dim", fit(line)) : fit(line)),
    ...bottom.map(fit).map((line, i) => i === 0 ? paint("cyan", line) : line),
  ].slice(0, room.rows);
}

/** The stages as a table; narrow rooms leave out what was dropped, and say `←` for `waits for`. */
function stageLines(stages: readonly StageProgress[], columns: number): string[] {
  const wide = columns >= 64;
  const longest = Math.max(0, ...stages.map((s) => stringWidth(s.name)));
  const name = Math.min(longest, wide ? 24 : Math.max(8, columns - 31));
  return stages.map((s) => {
    const busy = s.busy > 0 ? `${wide ? "busy " : ""}${Math.round(s.busy * 100)} %` : "idle";
    const state = s.waitsFor !== null ? `${wide ? "waits for" : "←"} ${s.waitsFor}` : busy;
    const dropped = s.dropped === 0 ? "" : `-${count(s.dropped)}`;
    const cells = [pad(s.name, name), left(count(s.out === 0 ? s.in : s.out), 8), left(rate(s.perSecond), 9)];
    if (wide) cells.push(left(dropped, 9));
    return `  ${cells.join(" ")}  ${state}`.trimEnd();
  });
}

function trainLines(progress: Progress, room: Room): string[] {
  const { step, evaluation, goal, done, left: seconds } = progress;
  if (step === null) return [];
  const of = goal.steps === undefined ? "" : `/${goal.steps}`;
  const label = `step ${progress.updates}${of}`;
  const remaining = seconds === null ? "" : ` ${time(seconds)} left`;
  const barRoom = Math.min(40, room.columns - label.length - remaining.length - 8);
  const progressBar = done === null
    ? ""
    : barRoom < 4
    ? ` ${share(done)}`
    : ` ${bar(done, barRoom)} ${share(done)}`;
  const loss = `loss ${step.loss.toFixed(4)} `;
  const val = evaluation === null ? "" : ` val ${evaluation.valLoss.toFixed(4)}`;
  const sparkRoom = Math.min(40, room.columns - loss.length - val.length);
  const pace = `${count(step.tokensPerSecond)} tokens/s  lr ${step.lr.toExponential(1)}  norm ${
    step.gradNorm.toFixed(2)
  }`;
  return [
    label + progressBar + remaining,
    loss + (sparkRoom < 4 ? "" : sparkline(progress.losses, sparkRoom)) + val,
    pace,
  ];
}

function parametersOf(progress: Progress): string {
  return progress.parameters === null ? "" : `${count(progress.parameters)} parameters`;
}

/** Values as a row of blocks of eight heights, the mean of neighbours where there are more values than columns. */
export function sparkline(values: readonly number[], columns: number): string {
  const finite = values.filter(Number.isFinite);
  const width = Math.min(columns, finite.length);
  const means = Array.from({ length: width }, (_, i) => {
    const part = finite.slice(
      Math.floor(i * finite.length / width),
      Math.floor((i + 1) * finite.length / width),
    );
    return part.reduce((sum, v) => sum + v, 0) / part.length;
  });
  const least = Math.min(...means);
  const range = Math.max(...means) - least;
  const heights = "▁▂▃▄▅▆▇█";
  return means.map((v) => heights[range === 0 ? 0 : Math.round((v - least) / range * 7)]).join("");
}

/** A bar `columns` wide, filled to `part` of 1. */
export function bar(part: number, columns: number): string {
  const full = Math.round(Math.min(1, Math.max(0, part)) * columns);
  return "━".repeat(full) + "╌".repeat(columns - full);
}

/** Cuts text to a width, with "…" where something is missing; control characters are made visible first. */
export function truncate(text: string, columns: number): string {
  const clean = printable(text).replace(/[\n\t]/g, " ");
  if (stringWidth(clean) <= columns) return clean;
  let out = "";
  let width = 0;
  for (const { segment } of new Intl.Segmenter().segment(clean)) {
    const next = stringWidth(segment);
    if (width + next > columns - 1) break;
    out += segment;
    width += next;
  }
  return `${out}…`;
}

/** Colours a text, or leaves it as it is. */
export function painter(color: boolean): (style: keyof typeof codes, text: string) => string {
  return (style, text) => color ? `\x1b[${codes[style]}m${text}\x1b[0m` : text;
}

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

function pad(text: string, columns: number): string {
  const cut = truncate(text, columns);
  return cut + " ".repeat(columns - stringWidth(cut));
}

function left(text: string, columns: number): string {
  return text.padStart(columns);
}

/** Spaces behind a text, up to `columns`. */
export function padEnd(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - stringWidth(text)));
}
