/**
 * Chooses how a run's progress is shown.
 *
 * @module
 */
import type { RunLimits } from "../../../stages/report/progress.ts";
import {
  type Display,
  liveDisplay,
  notesDisplay,
  plainDisplay,
  silentDisplay,
  standardError,
} from "../../../stages/report/terminal.ts";
import type { Console } from "../console.ts";
import type { Options, Pipeline } from "../pipeline.ts";

/** Writes text; throws Deno.errors.BrokenPipe once the reader has closed the pipe. */
export type Writer = (text: string) => void;

/** What to show progress of, and where. */
export interface DisplayOptions {
  readonly pipeline: Pipeline<Options>;
  readonly values: Readonly<Record<string, unknown>>;
  readonly console: Console;
  /** Wraps the writer of standard error. */
  guard(write: Writer): Writer;
}

/**
 * The display of a run: a block that is redrawn in a terminal, plain lines elsewhere, nothing under --json
 * and --quiet.
 */
export function displayFor({ pipeline, values, console, guard }: DisplayOptions): Display {
  if (values.json === true || values.quiet === true) return silentDisplay();
  const live = console.outIsTerminal && console.errIsTerminal;
  const plain = standardError({ color: values.color === true && console.errIsTerminal });
  const screen = { ...plain, write: guard(plain.write) };
  if (pipeline.writes === false) return notesDisplay(screen);
  const limits = runLimits(pipeline.options, values);
  return live
    ? liveDisplay(screen, { limits })
    : plainDisplay(screen, { limits, every: Number(values.logEvery) });
}

/**
 * The limits towards which progress is shown. Epochs are left out, because their length is not known in
 * advance.
 */
function runLimits(options: Options, values: Readonly<Record<string, unknown>>): RunLimits {
  const result: { steps?: number; tokens?: number; seconds?: number } = {};
  for (const [name, { limits }] of Object.entries(options)) {
    const value = values[name];
    if (limits !== undefined && limits !== "epochs" && typeof value === "number") result[limits] = value;
  }
  return result;
}
