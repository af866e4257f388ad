/**
 * Executes one run of a pipeline.
 *
 * @module
 */
import type { RunLimits } from "../../../stages/report/progress.ts";
import type { RecordedRun } from "../../../stages/run/recorded_run.ts";
import { recordRun } from "../../../stages/run/record_run.ts";
import type { Console } from "../../../stages/run/console.ts";
import type { Env, Options } from "../pipeline.ts";
import { isTyped, perCommandOptions } from "../resolve.ts";
import { commandOptions } from "../run_options.ts";
import { buildFlow } from "./build.ts";
import { environment, workersOf } from "./environment.ts";
import type { RunJob } from "./run_job.ts";

/**
 * Executes a run; returns the exit code: 0, or 130 if it was interrupted. Throws the error of a run that
 * fails.
 */
export async function execute(job: RunJob): Promise<number> {
  const { named: { pipeline }, resolved: { origin }, console } = job, { speedHints: work } = pipeline;
  const values = { ...job.resolved.values, ...job.fetched };
  const { out, resumed, skippedBatches = new Map(), leader = null, store = null } = job;
  const othersStop = new AbortController();
  const terminal = {
    columns: console.columns,
    color: values.color === true && console.colors && console.outIsTerminal,
  };
  let env: Env | null = null, current = values; // with what the run itself determines
  const { exitCode } = await recordRun({ ...recordedRun(job), preempted: othersStop.signal }, {
    build(access) {
      env = environment({
        values,
        given: isTyped(origin),
        out,
        ...(store !== null && { address: store.place.url }),
        resumed,
        skippedBatches,
        leader,
        onOthersStop: () => othersStop.abort(),
        terminal,
        ...(work === undefined || job.isPhase === true ? {} : { speedHints: { work, typed: job.typed } }),
        ...access,
      });
      let began = false;
      access.onSaved(() => {
        if (began) store?.saved(); // the first call tells the states with which the run begins
        began = true;
      });
      return buildFlow(pipeline, { values, env });
    },
    ...(pipeline.adapt !== undefined &&
      { adapt: (states) => pipeline.adapt?.(values, states, { out }) ?? states }),
    finish: async (summary) => env === null ? [] : await pipeline.finish?.(current, env, summary) ?? [],
    onChange(changed) {
      current = { ...current, ...changed };
      job.onChange?.(changed);
    },
    // If a batch is skipped, the run resumes without it.
    resumesAfter: (error) => (pipeline.batchToSkip?.(error, skippedBatches) ?? null) !== null,
  });
  return exitCode;
}

/** Returns what the command line says about the run's folder, output and limits. */
function recordedRun(
  {
    named: { name, pipeline },
    resolved,
    out,
    recordFolder,
    resumed,
    checkpoint,
    resumeCommand,
    typed,
    console,
    live = null,
    leader = null,
    isPhase = false,
  }: RunJob,
): RecordedRun {
  const { values, preset } = resolved;
  const chosen = preset === null ? "" : `, preset ${preset.name} (${preset.why})`;
  const remark = pipeline.remark?.(values, { resumed }) ?? null;
  const start = resumed ? `resuming from ${checkpoint ?? "the last checkpoint"}` : "from the beginning";
  return {
    name,
    command: recordedCommand(typed, console),
    folder: pipeline.writes === false ? null : recordFolder,
    ...(pipeline.stats === undefined ? {} : { stats: pipeline.stats }),
    // All ranks write removed documents into one folder, so only the merged report shows them.
    removed: recordFolder === out ? `${out}/removed` : null,
    options: Object.fromEntries(Object.entries(values).filter(([name]) => !commandOptions.has(name))),
    perCommand: perCommandOptions,
    seed: Number(values.seed),
    workers: workersOf(values, leader),
    ...(pipeline.barrierEvery === undefined ? {} : { barrierEvery: pipeline.barrierEvery }),
    resumed,
    checkpoint,
    keepCheckpoints: typeof values.keepCheckpoints === "number" ? values.keepCheckpoints : 3,
    tensorboard: values.tensorboard === true,
    live,
    limits: runLimits(pipeline.options, values),
    logEvery: Number(values.logEvery),
    output: values.json === true ? "json" : values.quiet === true ? "quiet" : "progress",
    resultsOnly: isPhase,
    color: values.color === true && console.colors,
    firstLine: `${name} in ${recordFolder}${chosen}, ${start}${remark === null ? "" : `; ${remark}`}`,
    howToResume: resumeCommand,
    console,
  };
}

/** Returns a command for a run's files: without passwords in addresses, and without `--events`. */
export function recordedCommand(typed: string, { retype = (text) => text }: Pick<Console, "retype">): string {
  const kept = typed.replace(/ --events(=| )('[^']*'|\S+)/g, "").replace(/:\/\/[^\s/'@]+@/g, "://");
  return retype(`deno task pipeline ${kept}`);
}

/**
 * Returns the limits towards which progress is shown. Epochs are left out, because their length is not known
 * in advance.
 */
function runLimits(options: Options, values: Readonly<Record<string, unknown>>): RunLimits {
  const result: { steps?: number; tokens?: number; seconds?: number } = {};
  for (const [name, { limits }] of Object.entries(options)) {
    const value = values[name];
    if (limits !== undefined && limits !== "epochs" && typeof value === "number") result[limits] = value;
  }
  return result;
}
