/**
 * Executes one run: builds the flow, records its events, and stops it with a checkpoint on Ctrl-C.
 *
 * @module
 */
import type { StageSnapshot } from "../../../stages/flow/checkpoint/checkpoint.ts";
import type { RunEvent } from "../../../stages/flow/events.ts";
import type { RunOptions } from "../../../stages/flow/flow.ts";
import { textLength } from "../../../stages/items.ts";
import type { Display } from "../../../stages/report/terminal.ts";
import type { RunSummary } from "../pipeline.ts";
import { buildFlow } from "./build.ts";
import { checkpointsIn } from "./checkpoints.ts";
import { displayFor } from "./display.ts";
import { environment } from "./environment.ts";
import { finishRun } from "./finish.ts";
import { Recorder } from "./recorder.ts";
import { openRunFiles, type RunFiles } from "./run_files.ts";
import type { RunJob } from "./run_job.ts";
import { type InterruptHandlers, onInterrupt } from "./signals.ts";
import { StopRequest } from "./stop.ts";

/** Receives the states of stages that have been saved to disk: see `Env.onSaved`. */
type SavedListener = (states: ReadonlyMap<string, StageSnapshot> | null) => void;

/**
 * Executes a run; returns the exit code: 0, or 130 if it was interrupted. Throws the error of a run that
 * fails.
 */
export async function execute(job: RunJob): Promise<number> {
  const { named: { pipeline }, resolved: { values }, out, recordFolder, console, resumed } = job;
  const { skippedBatches = new Map() } = job;
  const writes = pipeline.writes !== false;
  const stop = new StopRequest();
  const display = displayFor({ pipeline, values, console, guard: (write) => stop.guard(write) });
  using _interrupts = onInterrupt(interruptHandlers(job, { display, stop }));
  const write = stop.guard(console.out);
  const recorder = recorderFor(job, { display, write });
  let lastCheckpoint = job.checkpoint;
  const emit = (event: RunEvent): void => {
    if (event.type === "checkpoint") lastCheckpoint = event.path;
    recorder.take(event);
  };
  let announced = false;
  const announce = (): void => {
    if (!announced && writes) emit({ type: "note", text: firstLine(job) });
    announced = true;
  };
  const listeners: SavedListener[] = [];
  const notifySaved: SavedListener = (states) => listeners.forEach((listener) => listener(states));
  let earlier: RunSummary["earlier"] = { documents: 0, characters: 0 };
  const { signal } = new AbortController();
  const env = environment({
    values,
    out,
    resumed,
    skippedBatches,
    signal,
    terminal: { columns: console.columns, color: values.color === true && console.outIsTerminal },
    onSaved: (listener) => listeners.push(listener),
    print(text) {
      if (values.json !== true) write(text);
    },
    emit(event) {
      if (event.type !== "run") announce();
      emit(event);
    },
  });
  const storage = async ({ effects }: RunFiles): Promise<Pick<RunOptions, "checkpoints" | "effects">> => ({
    checkpoints: await checkpointsIn(recordFolder, {
      keep: typeof values.keepCheckpoints === "number" ? values.keepCheckpoints : 3,
      checkpoint: job.checkpoint,
      emit,
      onSaved(states, isStart) {
        if (isStart) earlier = sourceOutput(states);
        notifySaved(states);
      },
    }),
    effects,
  });
  let files: RunFiles | null = null;
  try {
    const flow = await Promise.race([buildFlow(pipeline, { values, env }), stop.made]);
    if (flow === "stopped") {
      display.close();
      console.err("Interrupted before the run started: there is nothing to resume: type the command again");
      return 130;
    }
    announce(); // after the build, so that a wrong command line prints nothing but its error
    if (writes) {
      files = await openRunFiles(job, recorder.start?.device);
      recorder.openFiles(files);
    }
    const began = performance.now();
    const result = await flow.run({
      signal,
      stop: stop.signal,
      seed: env.seed,
      onEvent: emit,
      measure: textLength,
      ...(pipeline.barrierEvery === undefined ? {} : { barrierEvery: pipeline.barrierEvery }),
      ...(files === null ? {} : await storage(files)),
    });
    const seconds = (performance.now() - began) / 1000;
    if (!result.stopped) notifySaved(null);
    recorder.finish({ type: "done", reason: result.stopped ? "interrupted" : "finished" });
    await finishRun(job, { display, env, result, lastCheckpoint, seconds, earlier });
    return !result.stopped || stop.readerGone && !writes ? 0 : 130;
  } catch (error) {
    const skipped = pipeline.batchToSkip?.(error, skippedBatches) ?? null;
    const failed = skipped === null; // if a batch was skipped, the run resumes without it
    if (failed && (files !== null || values.json === true && announced)) recordFailure(recorder, error);
    throw error;
  } finally {
    display.close();
    files?.close();
  }
}

function recorderFor(
  { named: { name }, resolved: { values }, resumed }: RunJob,
  { display, write }: { readonly display: Display; write(text: string): void },
): Recorder {
  return new Recorder({ type: "run", pipeline: name, seed: Number(values.seed), resumed }, {
    display,
    json: values.json === true ? (line) => write(`${line}\n`) : null,
    now: () => performance.now() / 1000,
  });
}

function interruptHandlers(
  { named: { pipeline }, console, resumeCommand }: RunJob,
  { display, stop }: { readonly display: Display; readonly stop: StopRequest },
): InterruptHandlers {
  const writes = pipeline.writes !== false;
  return {
    first() {
      display.say(
        `Stopping after this step${writes ? ", with a checkpoint" : ""}; Ctrl-C again stops at once`,
      );
      stop.make();
    },
    second() {
      display.close();
      console.err("Stopped at once");
      if (writes) console.err(`To resume from the last checkpoint, if there is one: ${resumeCommand}`);
      Deno.exit(130);
    },
  };
}

/**
 * Writes the last line of metrics.jsonl. An error while writing it is ignored, because the run's own error is
 * more important.
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

/** Number of documents and characters that the source had emitted when the states were saved. */
function sourceOutput(states: ReadonlyMap<string, StageSnapshot>): RunSummary["earlier"] {
  // The state of the source is first in the map, so the first counts belong to the source.
  const counts = [...states.values()].find(({ counts }) => counts !== undefined)?.counts;
  return { documents: counts?.out ?? 0, characters: counts?.lengths?.sum ?? 0 };
}

/** The first line: "train in runs/train, preset tiny (training runs on the CPU), from the beginning". */
function firstLine(
  { named: { name }, resolved: { preset }, recordFolder, resumed, checkpoint }: RunJob,
): string {
  const chosen = preset === null ? "" : `, preset ${preset.name} (${preset.why})`;
  const from = resumed ? `resuming from ${checkpoint ?? "the last checkpoint"}` : "from the beginning";
  return `${name} in ${recordFolder}${chosen}, ${from}`;
}
