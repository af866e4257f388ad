/**
 * Formats the run's state as a few lines of text that fit a given width and height; `terminal.ts` draws them.
 *
 * @module
 */
import stringWidth from "string-width";
import { preferenceParts, rolloutParts, speedText } from "./event_lines.ts";
import type { Progress, StageProgress } from "./progress.ts";
import { count, rate, share, time } from "./quantity.ts";
import { padEnd, painter, sparkline, truncate } from "./terminal_text.ts";

/** Largest size of the block, and whether colours may be used. */
export interface BlockSize {
  readonly columns: number;
  readonly rows: number;
  readonly color: boolean;
}

const mostBar = 40; // columns of the progress bar and of the loss curve: wider ones would show no more detail
const leastBar = 4; // columns; a narrower bar or curve could not be read and is left out

/** Returns the block's lines, at most `rows`, each at most `columns` wide. */
export function liveBlockLines(progress: Progress, size: BlockSize): string[] {
  const paint = painter(size.color);
  const fit = (text: string) => truncate(text, size.columns);
  const head = [progress.title, progress.device, parametersOf(progress)].filter((part) => part !== "");
  const bottom = progress.step === null ? [] : trainLines(progress, size.columns);
  const stages = stageLines(progress.stages(), size.columns);
  const space = Math.max(0, size.rows - bottom.length - 1);
  const shown = stages.length <= space ? stages : [
    ...stages.slice(0, Math.max(0, space - 1)),
    `  … ${stages.length - Math.max(0, space - 1)} more stages`,
  ].slice(0, space);
  return [
    paint("bold", fit(head.join(" · "))),
    ...shown.map((line) => /waits for|←/.test(line) ? paint("dim", fit(line)) : fit(line)),
    ...bottom.map(fit).map((line, i) => i === 0 ? paint("cyan", line) : line),
  ].slice(0, size.rows);
}

/** A line for each stage. Below 64 columns the dropped items are left out, and `←` replaces `waits for`. */
function stageLines(stages: readonly StageProgress[], columns: number): string[] {
  const wide = columns >= 64;
  const longest = Math.max(0, ...stages.map((s) => stringWidth(s.name)));
  const name = Math.min(longest, wide ? 24 : Math.max(8, columns - 31));
  return stages.map((s) => {
    const busy = s.busy > 0 ? `${wide ? "busy " : ""}${Math.round(s.busy * 100)} %` : "idle";
    const state = s.waitsFor !== null ? `${wide ? "waits for" : "←"} ${s.waitsFor}` : busy;
    const cells = [
      padEnd(truncate(s.name, name), name),
      count(s.out === 0 ? s.in : s.out).padStart(8),
      rate(s.perSecond).padStart(9),
    ];
    if (wide) cells.push((s.dropped === 0 ? "" : `-${count(s.dropped)}`).padStart(9));
    return `  ${cells.join(" ")}  ${state}`.trimEnd();
  });
}

function trainLines(progress: Progress, columns: number): string[] {
  const { step, evaluation, limits, fractionDone: done, secondsLeft } = progress;
  if (step === null) return [];
  const of = limits.steps === undefined ? "" : `/${limits.steps}`;
  const label = `step ${progress.updates}${of}`;
  const remaining = secondsLeft === null ? "" : ` ${time(secondsLeft)} left`;
  const barColumns = Math.min(mostBar, columns - label.length - remaining.length - 8);
  const progressBar = done === null
    ? ""
    : barColumns < leastBar
    ? ` ${share(done)}`
    : ` ${bar(done, barColumns)} ${share(done)}`;
  const { label: name, values, more } = curveOf(progress);
  const val = evaluation === null ? "" : ` val ${evaluation.valLoss.toFixed(4)}`;
  const curveColumns = Math.min(mostBar, columns - name.length - val.length);
  return [
    label + progressBar + remaining,
    name + (curveColumns < leastBar ? "" : sparkline(values, curveColumns)) + val,
    ...(more.length === 0 ? [] : [more.join("  ")]),
    `${speedText(progress)}  lr ${step.lr.toExponential(1)}  norm ${step.gradNorm.toFixed(2)}`,
  ];
}

/** The curve that an update is judged by: rewards, margins of preferences, or the loss. */
function curveOf(
  progress: Progress,
): { readonly label: string; readonly values: readonly number[]; readonly more: readonly string[] } {
  const { rewards, margins, losses } = progress;
  const parts = rolloutParts(progress) ?? preferenceParts(progress);
  if (parts === null) return { label: `loss ${losses.at(-1)?.toFixed(4)} `, values: losses, more: [] };
  const isReward = rewards.length > 0, of = isReward ? "reward" : "margin";
  const label = parts.find((part) => part.startsWith(of));
  return {
    label: `${label} `,
    values: isReward ? rewards : margins,
    more: parts.filter((part) => part !== label),
  };
}

function parametersOf(progress: Progress): string {
  return progress.parameters === null ? "" : `${count(progress.parameters)} parameters`;
}

/** Returns a progress bar of `columns` characters; `done` is a fraction, from 0 to 1. */
function bar(done: number, columns: number): string {
  const full = Math.round(Math.min(1, Math.max(0, done)) * columns);
  return "━".repeat(full) + "╌".repeat(columns - full);
}
