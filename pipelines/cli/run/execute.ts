/**
 * Executes one run: builds the flow, records its events, and stops it with a checkpoint on Ctrl-C.
 *
 * @module
 */
import { dirname } from "node:path";
import { makeFolder } from "../../../stages/disk/files.ts";
import type { Json, StageSnapshot } from "../../../stages/flow/checkpoint/checkpoint.ts";
import type { RunEvent } from "../../../stages/flow/events.ts";
import type { RunOptions } from "../../../stages/flow/flow.ts";
import { textLength } from "../../../stages/items.ts";
import { MetricsFile } from "../../../stages/report/metrics.ts";
import { TensorboardFile } from "../../../stages/report/tensorboard.ts";
import type { RunSummary } from "../pipeline.ts";
import { buildFlow } from "./build.ts";
import { checkpointsIn } from "./checkpoints.ts";
import { displayFor, type Writer } from "./display.ts";
import { environment, workersOf } from "./environment.ts";
import { finishRun, statsPath } from "./finish.ts";
import { Recorder } from "./recorder.ts";
import { makeRunFolder, type RunRecord, writeRecord } from "./run_folder.ts";
import type { RunJob } from "./run_job.ts";
import { onInterrupt } from "./signals.ts";
import { versions } from "./versions.ts";

/** Executes a run; returns the exit code: 0, or 130 where it was interrupted. Throws what the run throws. */
export async function execute(job: RunJob): Promise<number> {
  const { named: { name, pipeline }, resolved: { values }, out, recordFolder, console } = job;
  const { skippedBatches = new Map() } = job;
  const writes = pipeline.writes !== false;
  const stop = new AbortController();
  const abort = new AbortController();
  const stopped = Promise.withResolvers<"stopped">();
  const stopAfterStep = (): void => {
    stop.abort();
    stopped.resolve("stopped");
  };
  let readerGone = false;
  const guard = (write: Writer): Writer => (text) => {
    try {
      write(text);
    } catch (error) {
      if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
      readerGone = true;
      stopAfterStep();
    }
  };
  const display = displayFor({ pipeline, values, console, guard });
  const write = guard(console.out);
  const recorder = new Recorder({
    type: "run",
    pipeline: name,
    seed: Number(values.seed),
    resumed: job.resumed,
  }, {
    display,
    json: values.json === true ? (line) => write(`${line}\n`) : null,
    now: () => performance.now() / 1000,
  });
  let lastCheckpoint = job.checkpoint;
  const emit = (event: RunEvent): void => {
    if (event.type === "checkpoint") lastCheckpoint = event.path;
    recorder.take(event);
  };
  using _interrupts = onInterrupt({
    first() {
      display.say(
        `Stopping after this step${writes ? ", with a checkpoint" : ""}; Ctrl-C again stops at once`,
      );
      stopAfterStep();
    },
    second() {
      display.close();
      console.err("Stopped at once");
      if (writes) console.err(`To resume from the last checkpoint, if there is one: ${job.resumeCommand}`);
      Deno.exit(130);
    },
  });
  let announced = false;
  const announce = (): void => { // not before the build succeeds: a wrong command line prints one line only
    if (!announced && writes) emit({ type: "note", text: firstLine(job) });
    announced = true;
  };
  const listeners: ((parts: ReadonlyMap<string, StageSnapshot> | null) => void)[] = [];
  const tellSaved = (parts: ReadonlyMap<string, StageSnapshot> | null): void => {
    for (const listener of listeners) listener(parts);
  };
  let earlier: RunSummary["earlier"] = { documents: 0, characters: 0 };
  const env = environment({
    values,
    out,
    onSaved: (listener) => listeners.push(listener),
    resumed: job.resumed,
    skippedBatches,
    signal: abort.signal,
    terminal: { columns: console.columns, color: values.color === true && console.outIsTerminal },
    print(text) {
      if (values.json !== true) write(text);
    },
    emit(event) {
      if (event.type !== "run") announce();
      emit(event);
    },
  });
  let metrics: MetricsFile | null = null;
  let tensorboard: TensorboardFile | null = null;
  try {
    const flow = await Promise.race([buildFlow(pipeline, { values, env }), stopped.promise]);
    if (flow === "stopped") {
      display.close();
      console.err("Interrupted before the run started: there is nothing to resume: type the command again");
      return 130;
    }
    announce();
    if (writes) {
      await makeRunFolder(dirname(`${recordFolder}/${statsPath(pipeline)}`));
      await writeRecord(recordFolder, recordOf(job, recorder.start?.device));
      metrics = new MetricsFile(`${recordFolder}/metrics.jsonl`);
      tensorboard = values.tensorboard === true ? await openTensorboard(recordFolder) : null;
      recorder.openFiles({ metrics, tensorboard, samples: `${recordFolder}/samples` });
    }
    const began = performance.now();
    const result = await flow.run({
      signal: abort.signal,
      stop: stop.signal,
      seed: env.seed,
      onEvent: emit,
      measure: textLength,
      ...(pipeline.barrierEvery === undefined ? {} : { barrierEvery: pipeline.barrierEvery }),
      ...(writes
        ? {
          checkpoints: await checkpointsIn(recordFolder, {
            keep: typeof values.keepCheckpoints === "number" ? values.keepCheckpoints : 3,
            checkpoint: job.checkpoint,
            emit,
            onSaved(parts, isStart) {
              if (isStart) earlier = sourceOutput(parts);
              tellSaved(parts);
            },
          }),
        }
        : {}),
      ...(metrics === null ? {} : { effects: effectsOf({ metrics, tensorboard }) }),
    });
    const seconds = (performance.now() - began) / 1000;
    if (!result.stopped) tellSaved(null);
    recorder.finish({ type: "done", reason: result.stopped ? "interrupted" : "finished" });
    await finishRun(job, { display, env, result, lastCheckpoint, seconds, earlier });
    return !result.stopped || readerGone && !writes ? 0 : 130;
  } catch (error) {
    const skipped = pipeline.batchToSkip?.(error, skippedBatches) ?? null;
    const failed = skipped === null; // else the run resumes without that batch
    if (failed && (metrics !== null || values.json === true && announced)) recordFailure(recorder, error);
    throw error;
  } finally {
    display.close();
    metrics?.close();
    tensorboard?.close();
  }
}

/** Files that grow during the run: a checkpoint saves their lengths, and resuming truncates them. */
function effectsOf(
  files: Readonly<Record<string, MetricsFile | TensorboardFile | null>>,
): RunOptions["effects"] & object {
  return Object.fromEntries(
    Object.entries(files).flatMap(([name, file]) =>
      file === null
        ? []
        : [[name, { save: () => file.save(), restore: (saved: Json) => file.restore(saved) }]]
    ),
  );
}

/** TensorBoard recognizes its files by this name: `tensorboard --logdir OUT/tensorboard`. */
async function openTensorboard(recordFolder: string): Promise<TensorboardFile> {
  await makeFolder(`${recordFolder}/tensorboard`);
  return new TensorboardFile(`${recordFolder}/tensorboard/events.out.tfevents.0.run`);
}

/**
 * Writes the last line of metrics.jsonl. An error while writing it is dropped: the run's own error matters
 * more.
 */
function recordFailure(recorder: Recorder, error: unknown): void {
  try {
    recorder.finish({
      type: "done",
      reason: "failed",
      error: error instanceof Error ? error.message : `${error}`,
    });
  } catch (second) {
    if (!(second instanceof Error)) throw second;
  }
}

/**
 * Documents and characters that the source had given when the states were saved; the source's counts come
 * first.
 */
function sourceOutput(parts: ReadonlyMap<string, StageSnapshot>): RunSummary["earlier"] {
  const counts = [...parts.values()].find(({ counts }) => counts !== undefined)?.counts;
  return { documents: counts?.out ?? 0, characters: counts?.lengths?.sum ?? 0 };
}

/** "train in runs/train, preset tiny (training runs on the CPU), from the beginning" */
function firstLine(
  { named: { name }, resolved: { preset }, recordFolder, resumed, checkpoint }: RunJob,
): string {
  const chosen = preset === null ? "" : `, preset ${preset.name} (${preset.why})`;
  const from = resumed ? `resuming from ${checkpoint ?? "the last checkpoint"}` : "from the beginning";
  return `${name} in ${recordFolder}${chosen}, ${from}`;
}

function recordOf(
  { named: { name }, resolved: { values } }: RunJob,
  device: string | undefined,
): RunRecord {
  return {
    pipeline: name,
    options: values,
    ...(device === undefined ? {} : { device }),
    seed: Number(values.seed),
    workers: workersOf(values),
    versions: versions(),
  };
}
