/**
 * Gives a script's own flow what the pipelines of the command line have: a run's folder.
 *
 * @module
 */
import { basename } from "node:path";
import type { Json } from "../disk/json.ts";
import type { Flow } from "../flow/flow.ts";
import { readEvents } from "../report/metrics.ts";
import type { RunLimits } from "../report/progress.ts";
import { runStats } from "../report/run_stats.ts";
import type { StageStats } from "../report/stage_stats.ts";
import { processConsole } from "./console.ts";
import { claimFolder } from "./claim.ts";
import { asJson, moveAside, readRunFolder, requireOwn, type RunFolderState } from "./folder.ts";
import { requireLocal } from "./own_folder.ts";
import { recordRun } from "./record_run.ts";
import type { RecordedRun } from "./recorded_run.ts";
import { UsageError } from "./usage_error.ts";
import { withoutEndSlash } from "../disk/paths.ts";

/** How a flow is run in a folder. */
export interface RunFolderOptions {
  /** The run's folder, made if missing. A relative path starts at the current folder. */
  readonly out: string;
  /**
   * Values on which the run's results depend, such as sizes and learning rate. They are listed in config.json
   * and the report, and a run that was started with other values is not resumed. Default: none.
   */
  readonly options?: Readonly<Record<string, Json>>;
  /**
   * The length of the run, towards which progress is shown. It may change when a run is resumed; a finished
   * run continues if it has changed. Default: unknown.
   */
  readonly limits?: RunLimits;
  /** Seed from which all random numbers of the run derive. Default: 1. */
  readonly seed?: number;
  /**
   * `auto` resumes from the newest checkpoint in the folder; `never` moves an earlier run aside and starts a
   * new one. Default: `auto`.
   */
  readonly resume?: "auto" | "never";
  /** Number of source items between barriers; a resumed run repeats at most so many. Default: 1000. */
  readonly barrierEvery?: number;
  /** Number of newest checkpoints to keep; 0 keeps all. Default: 3. */
  readonly keepCheckpoints?: number;
  /** Whether to print results and errors only. Default: false. */
  readonly quiet?: boolean;
  /** Whether to print events as JSON lines to standard output, and nothing else. Default: false. */
  readonly json?: boolean;
  /** Whether to print with colours. Default: yes on a terminal, unless NO_COLOR is set. */
  readonly color?: boolean;
  /** Steps between progress lines where standard output is not a terminal. Default: 10. */
  readonly logEvery?: number;
  /** Whether events are also written for TensorBoard, to `<out>/tensorboard`. Default: false. */
  readonly tensorboard?: boolean;
}

/** How a run in a folder ended. */
export interface FolderRun {
  /** Whether Ctrl-C stopped the run before its end. */
  readonly stopped: boolean;
  /** Folder of the newest checkpoint that this call wrote or resumed from; null if there is none. */
  readonly checkpoint: string | null;
  /** What each stage has done, resumed runs included. */
  readonly stages: readonly StageStats[];
}

/**
 * Runs a flow to its end as the pipelines do: shows progress in the terminal, writes `config.json`,
 * `metrics.jsonl`, `data/stats.json` and `report.html` to the folder `out`, keeps checkpoints there, and
 * resumes from the newest when the script is run again. A stage that yields `takeCheckpoint`, such as
 * `train`, says when checkpoints are taken. The first Ctrl-C (or SIGTERM, SIGHUP) ends the run with a
 * checkpoint and sets `Deno.exitCode` to 130; the second ends the process at once. A run that has already
 * finished is not repeated.
 *
 * Needs permission to read and write `out`. Without permission to read the library's own folder, checkpoints
 * are written in this thread, and the run waits for them. Throws UsageError if `out` is no folder for a run,
 * holds a run with another seed or other options, or belongs to another process; and the error of a run that
 * fails.
 *
 * @example
 * ```ts
 * import { embedded, from, map, runFolder } from "@stagewise/gpt";
 *
 * const out = await Deno.makeTempDir();
 * const lengths = from(embedded("sotu")).pipe(map("length", ({ text }) => text.length));
 * const { stopped, stages } = await runFolder(lengths, { out, quiet: true });
 * if (stopped || stages[0].kept !== 233) throw new Error("expected 233 speeches");
 * ```
 */
export async function runFolder(flow: Flow<unknown>, options: RunFolderOptions): Promise<FolderRun> {
  const out = withoutEndSlash(options.out);
  requireLocal(out, "out");
  await requirePermissions(out);
  if (options.resume === "never") await moveEarlierRun(out, options);
  requireOwn(await readRunFolder(out), out);
  using _claim = await claimFolder(out);
  const state = await readRunFolder(out);
  if (state.hasCheckpoint || state.finished) checkSame(state, { options, out });
  if (state.finished && !hasChanged(state, options)) return await finishedRun(options, out);
  return await start(flow, { options, out, resumed: state.hasCheckpoint });
}

async function moveEarlierRun(out: string, { quiet, json }: RunFolderOptions): Promise<void> {
  if ((await readRunFolder(out)).record === null) return;
  using _claim = await claimFolder(out);
  const moved = await moveAside(out);
  if (quiet !== true && json !== true) {
    processConsole().err(`The earlier run in ${out} was moved to ${moved}`);
  }
}

/** Throws UsageError without permission to read and write the folder. On a terminal, Deno asks for it. */
async function requirePermissions(out: string): Promise<void> {
  for (const name of ["read", "write"] as const) {
    const { state } = await Deno.permissions.request({ name, path: out });
    if (state === "granted") continue;
    throw new UsageError(
      `Cannot keep a run in ${out}: Deno's permissions do not include it: start the script with --allow-read=${out} --allow-write=${out}`,
    );
  }
}

async function start(
  flow: Flow<unknown>,
  run: { readonly options: RunFolderOptions; readonly out: string; readonly resumed: boolean },
): Promise<FolderRun> {
  const { exitCode, stopped, checkpoint, stages } = await recordRun(recordedRun(run), { build: () => flow });
  if (exitCode !== 0) Deno.exitCode = exitCode;
  return { stopped, checkpoint, stages };
}

function recordedRun(
  { options, out, resumed }: {
    readonly options: RunFolderOptions;
    readonly out: string;
    readonly resumed: boolean;
  },
): RecordedRun {
  const { limits = {}, barrierEvery, json, quiet } = options;
  return {
    name: basename(out),
    folder: out,
    removed: `${out}/removed`,
    options: valuesOf(options),
    optional: new Set(changeableLimits(options)),
    seed: seedOf(options),
    workers: Math.max(1, navigator.hardwareConcurrency),
    ...(barrierEvery === undefined ? {} : { barrierEvery }),
    resumed,
    checkpoint: null,
    keepCheckpoints: options.keepCheckpoints ?? 3,
    tensorboard: options.tensorboard === true,
    limits,
    logEvery: options.logEvery ?? 10,
    output: json === true ? "json" : quiet === true ? "quiet" : "progress",
    color: options.color ?? !Deno.noColor,
    firstLine: `${out}, ${resumed ? "resuming from the last checkpoint" : "from the beginning"}`,
    howToResume: "run the script again",
    console: processConsole(),
  };
}

/** Returns the values that config.json and the report list. */
function valuesOf({ options = {}, limits = {} }: RunFolderOptions): Readonly<Record<string, Json>> {
  return { ...options, ...limits };
}

function seedOf({ seed = 1 }: RunFolderOptions): number {
  return seed;
}

/** Throws UsageError if the run in a folder was started with another seed or other options. */
function checkSame(
  { record }: RunFolderState,
  { options, out }: { readonly options: RunFolderOptions; readonly out: string },
): void {
  if (record === null) return;
  const before: Readonly<Record<string, unknown>> = { ...record.options, seed: record.seed };
  const now: Readonly<Record<string, unknown>> = {
    ...asJson(valuesOf(options)),
    seed: seedOf(options),
  };
  const mayChange = new Set(changeableLimits(options));
  for (const name of new Set([...Object.keys(before), ...Object.keys(now)])) {
    if (mayChange.has(name) || JSON.stringify(before[name]) === JSON.stringify(now[name])) continue;
    throw new UsageError(
      `Cannot resume ${out} with ${shown(name, now[name])}: the run was started with ${
        shown(name, before[name])
      }: give the same value, another out, or resume: "never"`,
    );
  }
}

function shown(name: string, value: unknown): string {
  return value === undefined ? `no ${name}` : `${name} ${JSON.stringify(value)}`;
}

/**
 * Returns whether the length of a finished run was changed, so that it continues. A limit that is left out
 * has changed too: the run then goes on to the end of its source.
 */
function hasChanged({ record }: RunFolderState, options: RunFolderOptions): boolean {
  const now: Readonly<Record<string, unknown>> = valuesOf(options);
  return changeableLimits(options).some((name) => record?.options[name] !== now[name]);
}

/** Returns the names of the limits, except those that the script uses for its own options. */
function changeableLimits({ options = {} }: RunFolderOptions): readonly string[] {
  return ["steps", "tokens", "seconds"].filter((name) => !(name in options));
}

/** Returns the result of a run that had finished before. */
async function finishedRun({ quiet, json }: RunFolderOptions, out: string): Promise<FolderRun> {
  const events = await readEvents(`${out}/metrics.jsonl`);
  if (quiet !== true && json !== true) {
    processConsole().err(
      `The run in ${out} is finished: for a new one, give another out, or resume: "never"`,
    );
  }
  const last = events.findLast((event) => event.type === "checkpoint");
  return { stopped: false, checkpoint: last?.path ?? null, stages: runStats(events).stages };
}
