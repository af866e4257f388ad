/**
 * One run: builds the flow, feeds its events to everyone, stops it on Ctrl-C, leaves the folder in order.
 *
 * @module
 */
import { dirname } from "node:path";
import type { Json, Part } from "../../stages/flow/checkpoint/checkpoint.ts";
import type { RunEvent } from "../../stages/flow/events.ts";
import type { RunOptions, RunResult } from "../../stages/flow/flow.ts";
import { textLength } from "../../stages/items.ts";
import type { RunLimits } from "../../stages/report/progress.ts";
import { MetricsFile, readEvents } from "../../stages/report/metrics.ts";
import { reportPage } from "../../stages/report/report.ts";
import { removedSamples } from "../../stages/report/removed_samples.ts";
import { TensorboardFile } from "../../stages/report/tensorboard.ts";
import { runStats, runStatsLines } from "../../stages/report/run_stats.ts";
import {
  type Display,
  liveDisplay,
  notesDisplay,
  plainDisplay,
  silentDisplay,
  standardError,
} from "../../stages/report/terminal.ts";
import { buildFlow } from "./build.ts";
import type { Named } from "./catalogue.ts";
import { checkpointsIn } from "./checkpoints.ts";
import type { Console } from "./console.ts";
import { environment, workersOf } from "./environment.ts";
import type { Env, Options, Ran } from "./pipeline.ts";
import { Recorder } from "./recorder.ts";
import type { Resolved } from "./resolve.ts";
import { writeWhole } from "../../stages/disk/whole_files.ts";
import { asJson, type RunRecord, writeRecord } from "./run_folder.ts";
import { onInterrupt } from "./signals.ts";
import { versions } from "./versions.ts";

/** Everything that is known before a run begins. */
export interface Job {
  readonly named: Named;
  readonly resolved: Resolved;
  readonly out: string;
  /** Where its record and checkpoints are: `out`, or a share's folder in it. */
  readonly home: string;
  /** A checkpoint is there to go on from. */
  readonly resumed: boolean;
  /** The one to go on from, if not the newest. */
  readonly checkpoint: string | null;
  /** Batches to pass over, by number, and why; absent: none. */
  readonly leaveOut?: ReadonlyMap<number, string>;
  /** What to type to go on: "deno task pipeline train --out x". */
  readonly again: string;
  readonly console: Console;
}

/** Runs it; returns the exit code: 0, or 130 if it was interrupted. Throws what the run throws. */
export async function execute(job: Job): Promise<number> {
  const { named: { name, pipeline }, resolved: { values }, out, home, console, leaveOut = new Map() } = job;
  const writes = pipeline.writes !== false;
  const stop = new AbortController();
  const abort = new AbortController();
  const stopped = Promise.withResolvers<"stopped">();
  const stopSoftly = (): void => {
    stop.abort();
    stopped.resolve("stopped");
  };
  let readerGone = false;
  const unlessGone = (write: Writer): Writer => (text) => {
    try {
      write(text);
    } catch (error) {
      if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
      readerGone = true;
      stopSoftly(); // nobody reads any more
    }
  };
  const display = displayFor(job, unlessGone);
  const write = unlessGone(console.out);
  const print = (text: string): void => {
    if (values.json !== true) write(text);
  };
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
    soft() {
      display.say(
        `Stopping after this step${writes ? ", with a checkpoint" : ""}; Ctrl-C again stops at once`,
      );
      stopSoftly();
    },
    hard() {
      display.close();
      console.err("Stopped at once");
      if (writes) console.err(`To go on from the last checkpoint, if there is one: ${job.again}`);
      Deno.exit(130);
    },
  });
  let announced = false;
  const announce = (): void => { // not before the build has got anywhere: a wrong command line gets one line
    if (!announced && writes) emit({ type: "note", text: chosen(job) });
    announced = true;
  };
  const listeners: ((parts: ReadonlyMap<string, Part> | null) => void)[] = [];
  const saved = (parts: ReadonlyMap<string, Part> | null): void => {
    for (const listener of listeners) listener(parts);
  };
  let before: Ran["before"] = { documents: 0, characters: 0 };
  const env = environment({
    values,
    out,
    onSaved: (listener) => listeners.push(listener),
    resumed: job.resumed,
    leaveOut,
    signal: abort.signal,
    look: { columns: console.columns, color: values.color === true && console.outIsTerminal },
    print,
    emit(event) {
      if (event.type !== "run") announce();
      emit(event);
    },
  });
  let metrics: MetricsFile | null = null;
  let tensorboard: TensorboardFile | null = null;
  try {
    const built = await Promise.race([buildFlow(pipeline, { values, env }), stopped.promise]);
    if (built === "stopped") {
      display.close();
      console.err(`Interrupted before the run began: nothing to go on from: type it again`);
      return 130;
    }
    announce();
    if (writes) {
      await Deno.mkdir(dirname(`${home}/${statsOf(pipeline)}`), { recursive: true });
      await writeRecord(home, recordOf(job, recorder.start?.device));
      metrics = new MetricsFile(`${home}/metrics.jsonl`);
      tensorboard = values.tensorboard === true ? await openTensorboard(home) : null;
      recorder.openFiles({ metrics, tensorboard, samples: `${home}/samples` });
    }
    const files = { metrics, tensorboard };
    const began = performance.now();
    const result = await built.run({
      signal: abort.signal,
      stop: stop.signal,
      seed: env.seed,
      onEvent: emit,
      measure: textLength,
      ...(pipeline.barrierEvery === undefined ? {} : { barrierEvery: pipeline.barrierEvery }),
      ...(writes
        ? {
          checkpoints: await checkpointsIn(home, {
            keep: keptOf(values),
            from: job.checkpoint,
            emit,
            onSaved(parts, begins) {
              if (begins) before = givenBy(parts);
              saved(parts);
            },
          }),
        }
        : {}),
      ...(metrics === null ? {} : { effects: effectsOf(files) }),
    });
    const seconds = (performance.now() - began) / 1000;
    if (!result.stopped) saved(null);
    recorder.finish({ type: "done", reason: result.stopped ? "interrupted" : "finished" });
    await close(job, { display, env, result, lastCheckpoint, print, seconds, before });
    return !result.stopped || readerGone && !writes ? 0 : 130;
  } catch (error) {
    const ends = (pipeline.batchToSkip?.(error, leaveOut) ?? null) === null; // else the run resumes without the batch
    if (ends && (metrics !== null || values.json === true && announced)) recordFailure(recorder, error);
    throw error;
  } finally {
    display.close();
    metrics?.close();
    tensorboard?.close();
  }
}

/** What a checkpoint saves of files that are written as the run goes, and cuts back on resuming. */
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

/** TensorBoard finds files by this name; the folder is what it is given: `tensorboard --logdir OUT/tensorboard`. */
async function openTensorboard(home: string): Promise<TensorboardFile> {
  await Deno.mkdir(`${home}/tensorboard`, { recursive: true });
  return new TensorboardFile(`${home}/tensorboard/events.out.tfevents.0.run`);
}

/** Writes the last line of metrics.jsonl; where that fails too, the first error is the one to tell. */
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

/** Statistics, report, and the last lines. */
async function close(job: Job, end: {
  readonly display: Display;
  readonly env: Env;
  readonly result: RunResult;
  readonly lastCheckpoint: string | null;
  print(text: string): void;
  readonly seconds: number;
  readonly before: Ran["before"];
}): Promise<void> {
  const { named: { pipeline }, resolved: { values }, out, home, console } = job;
  const { display, env, result, lastCheckpoint, print, seconds, before } = end;
  let stages: Ran["stages"] = [];
  if (pipeline.writes !== false) {
    const events = await readEvents(`${home}/metrics.jsonl`);
    const stats = runStats(events);
    stages = stats.stages;
    await writeWhole(`${home}/${statsOf(pipeline)}`, `${JSON.stringify(stats, null, 2)}\n`);
    const removed = home === out ? await removedSamples(`${out}/removed`) : []; // a share's are among others'
    await writeWhole(`${home}/report.html`, await reportPage({ events, removed, options: asJson(values) }));
    display.close();
    if (!result.stopped) {
      print(runStatsLines(stats, console.columns - 1).map((line) => `${line}\n`).join(""));
      print(`Report: ${home}/report.html\n`);
    }
  }
  display.close();
  if (result.stopped) {
    if (pipeline.writes === false) return;
    console.err(
      lastCheckpoint === null
        ? "Interrupted: no checkpoint yet"
        : `Interrupted: checkpoint ${lastCheckpoint}`,
    );
    console.err(`To go on: ${job.again}`);
  } else if (pipeline.finish !== undefined) {
    const lines = await pipeline.finish(values, env, { stages, seconds, before });
    print(lines.map((line) => `${line}\n`).join(""));
  }
}

function statsOf({ stats = "data/stats.json" }: Job["named"]["pipeline"]): string {
  return stats;
}

/** What the source has given by the states of a checkpoint. */
function givenBy(parts: ReadonlyMap<string, Part>): Ran["before"] {
  const counts = [...parts.values()].find(({ counts }) => counts !== undefined)?.counts; // the source's come first
  return { documents: counts?.out ?? 0, characters: counts?.lengths?.sum ?? 0 };
}

type Writer = (text: string) => void;

function displayFor(
  { named: { pipeline }, resolved: { values }, console }: Job,
  unlessGone: (write: Writer) => Writer,
): Display {
  if (values.json === true || values.quiet === true) return silentDisplay();
  const live = console.outIsTerminal && console.errIsTerminal;
  const plain = standardError({ color: values.color === true && console.errIsTerminal });
  const screen = { ...plain, write: unlessGone(plain.write) };
  if (pipeline.writes === false) return notesDisplay(screen);
  const goal = goalOf(pipeline.options, values);
  return live
    ? liveDisplay(screen, { goal })
    : plainDisplay(screen, { goal, every: Number(values.logEvery) });
}

function goalOf(options: Options, values: Resolved["values"]): RunLimits {
  const goal: { steps?: number; tokens?: number; seconds?: number } = {};
  for (const [name, { limits }] of Object.entries(options)) {
    const value = values[name];
    if (limits !== undefined && limits !== "epochs" && typeof value === "number") goal[limits] = value;
  }
  return goal;
}

function keptOf({ keepCheckpoints }: Resolved["values"]): number {
  return typeof keepCheckpoints === "number" ? keepCheckpoints : 3;
}

/** The first line: what was chosen and why. */
function chosen({ named: { name, pipeline }, resolved: { preset }, home, resumed, checkpoint }: Job): string {
  const where = pipeline.writes === false ? name : `${name} in ${home}`;
  const how = preset === null ? "" : `, preset ${preset.name} (${preset.why})`;
  const from = pipeline.writes === false
    ? ""
    : resumed
    ? `, going on from ${checkpoint ?? "the last checkpoint"}`
    : ", from the beginning";
  return `${where}${how}${from}`;
}

function recordOf({ named: { name }, resolved: { values } }: Job, device: string | undefined): RunRecord {
  return {
    pipeline: name,
    options: values,
    ...(device === undefined ? {} : { device }),
    seed: Number(values.seed),
    workers: workersOf(values),
    versions: versions(),
  };
}
