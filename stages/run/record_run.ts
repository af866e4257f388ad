/**
 * Runs a flow, shows and records its events, keeps checkpoints, and stops with a checkpoint on Ctrl-C.
 *
 * @module
 */
import type { Json } from "../disk/json.ts";
import type { StageSnapshot } from "../flow/checkpoint/checkpoint.ts";
import { CheckpointRequest } from "../flow/checkpoint_request.ts";
import { DropTally } from "../flow/dropped.ts";
import type { RunEvent } from "../flow/events.ts";
import type { Flow } from "../flow/flow.ts";
import { textLength } from "../items.ts";
import type { StageStats } from "../report/stage_stats.ts";
import type { Display } from "../report/terminal.ts";
import { checkpointsIn, type RunCheckpoints } from "./checkpoints.ts";
import { displayFor } from "./display.ts";
import type { RecordedRun } from "./recorded_run.ts";
import { Recorder } from "./recorder.ts";
import { RunReport } from "./reports.ts";
import { valuesAfter } from "./history.ts";
import { openRunFiles, type RunFiles } from "./run_files.ts";
import { type InterruptHandlers, onInterrupt } from "./signals.ts";
import { StopRequest } from "./stop.ts";
import { commitIn } from "./versions.ts";

/** Receives the states of stages that have been saved to disk: see `RunAccess.onSaved`. */
export type SavedListener = (states: ReadonlyMap<string, StageSnapshot> | null) => void;

/** What the builder of a flow may use of its run. */
export interface RunAccess {
  /** Aborted by a Ctrl-C during the build: what the build still does is for nothing. */
  readonly signal: AbortSignal;
  /** Records an event. The fields of a "run" event are added to the first line of metrics.jsonl. */
  emit(event: RunEvent): void;
  /** Writes a result to standard output unchanged; does nothing with the output `json`. */
  print(text: string): void;
  /**
   * Calls the listener each time the states of the stages have been saved to disk. The first call gets the
   * states that the run resumes from (an empty map for a new run), further calls get the states of each
   * complete checkpoint, and the call at the end of the run gets null.
   */
  onSaved(listener: SavedListener): void;
}

/** What a finished run did. The run's last lines are made from it. */
export interface RunSummary {
  /** Statistics of each stage; the stages are in the order of the flow. */
  readonly stages: readonly StageStats[];
  /** Seconds since the run was last started or resumed. */
  readonly seconds: number;
  /** Output of the source before the run was last resumed; both counts are 0 for a new run. */
  readonly earlier: { readonly documents: number; readonly characters: number };
}

/** What ends a run: its last lines, or only results. */
export type FinishLines = EndLines | readonly string[];

/** The last lines of a run, for standard output. */
export interface EndLines {
  /** Results, such as the last loss; the only lines that --quiet prints. */
  readonly results: readonly string[];
  /** Where things are, and what to type next. */
  readonly hints: readonly string[];
}

/** The parts of a run that depend on what is run. */
export interface RunHooks {
  /** Builds the flow; Ctrl-C ends the wait for it. */
  build(access: RunAccess): Flow<unknown> | Promise<Flow<unknown>>;
  /**
   * Adapts the states of a checkpoint to options that have changed since. Default: states stay as they are.
   */
  adapt?(states: ReadonlyMap<string, StageSnapshot>): ReadonlyMap<string, StageSnapshot>;
  /** Lines for standard output after the last item; lines alone are results. Default: none. */
  finish?(summary: RunSummary): FinishLines | Promise<FinishLines>;
  /** Receives values of options that the run itself has determined, after they have been recorded. */
  onChange?(values: Readonly<Record<string, Json>>): void;
  /** Whether the caller resumes the run after this error, so that it has not failed. Default: no. */
  resumesAfter?(error: unknown): boolean;
}

/** How a recorded run ended. */
export interface RunEnd {
  /** Whether the run was stopped early, either by Ctrl-C or because the reader of its output has gone. */
  readonly stopped: boolean;
  /** Exit code of a process that did nothing else: 0, or 130 after Ctrl-C. */
  readonly exitCode: 0 | 130;
  /** Folder of the newest checkpoint; null if there is none. */
  readonly checkpoint: string | null;
  readonly stages: readonly StageStats[];
  /** Seconds from the first item to the last. */
  readonly seconds: number;
}

/** Runs a flow. Throws the error of a run that fails. */
export async function recordRun(run: RecordedRun, hooks: RunHooks): Promise<RunEnd> {
  const { folder, console, seed, output, barrierEvery } = run;
  const stop = new StopRequest();
  const display = displayFor(run, (write) => stop.guard(write));
  const handlers = interruptHandlers(run, { display, stop });
  using _interrupts = onInterrupt(handlers);
  run.preempted?.addEventListener("abort", () => handlers.preempt(), { once: true });
  const write = stop.guard(console.out);
  const recorder = recorderFor(run, { display, write, commit: await commitIn() });
  let report: RunReport | null = null;
  let checkpoint = run.checkpoint;
  const drops = new DropTally();
  const emit = (event: RunEvent): void => {
    drops.take(event);
    if (event.type === "checkpoint") checkpoint = event.path;
    recorder.take(event);
    report?.update();
  };
  let announced = false;
  const announce = (): void => {
    if (!announced && folder !== null) emit({ type: "note", text: run.firstLine });
    announced = true;
  };
  const listeners: SavedListener[] = [];
  const notifySaved: SavedListener = (states) => listeners.forEach((listener) => listener(states));
  let earlier: RunSummary["earlier"] = { documents: 0, characters: 0 };
  const building = new AbortController(), { signal } = building;
  const print = (text: string): void => {
    if (output !== "json") write(text);
  };
  const access: RunAccess = {
    signal,
    onSaved: (listener) => void listeners.push(listener),
    print,
    emit(event) {
      if (event.type !== "run") announce();
      emit(event);
    },
  };
  const openCheckpoints = (folder: string): Promise<RunCheckpoints> =>
    checkpointsIn(folder, {
      keep: run.keepCheckpoints,
      checkpoint: run.checkpoint,
      emit,
      ...(hooks.adapt !== undefined && { adapt: (states) => hooks.adapt?.(states) ?? states }),
      onSaved(states, isStart) {
        if (isStart) earlier = sourceOutput(states);
        notifySaved(states);
      },
    });
  let files: RunFiles | null = null, checkpoints: RunCheckpoints | null = null;
  try {
    const flow = await Promise.race([hooks.build(access), stop.made]);
    if (flow === "stopped") {
      building.abort();
      display.close();
      console.err("Interrupted before the run started: there is nothing to resume: type the command again");
      return { stopped: true, exitCode: 130, checkpoint, stages: [], seconds: 0 };
    }
    announce(); // after the build, so that a wrong command line prints nothing but its error
    if (folder !== null) {
      checkpoints = await openCheckpoints(folder);
      const step = run.resumed ? checkpoints.startStep : null;
      files = await openRunFiles(run, { folder, device: recorder.start?.device, step });
      recorder.openFiles(files);
      report = new RunReport(run, folder);
      files.changes.forEach(emit);
    }
    const checkpointRequest = new CheckpointRequest();
    run.live?.onAct((action) => {
      if (action === "checkpoint") return checkpointRequest.make();
      display.say("Stopping after this step, with a checkpoint, as a page has asked");
      stop.make();
    });
    const began = performance.now();
    const { stopped } = await flow.run({
      stop: stop.signal,
      seed,
      onEvent(event) {
        if (event.type === "change") {
          files?.change(event);
          hooks.onChange?.(valuesAfter(event.options));
        }
        emit(event);
      },
      measure: textLength,
      ...(barrierEvery === undefined ? {} : { barrierEvery }),
      ...(checkpoints === null ? {} : { checkpoints, checkpointRequest }),
      ...(files === null ? {} : { effects: files.effects }),
    });
    const seconds = (performance.now() - began) / 1000;
    run.live?.onAct(null);
    if (!stopped) notifySaved(null);
    recorder.finish({ type: "done", reason: stopped ? "interrupted" : "finished" });
    const reports = await report?.finish() ?? null;
    const stages = reports?.stats.stages ?? [];
    display.close();
    if (!stopped) {
      const end = await hooks.finish?.({ stages, seconds, earlier }) ?? [];
      const { results, hints } = "results" in end ? end : { results: end, hints: [] };
      const lines = output === "quiet" || run.resultsOnly === true
        ? results
        : [...reports?.lines ?? [], ...results, ...hints];
      print(linesOf(console.retype === undefined ? lines : lines.map(console.retype)));
    } else if (folder !== null) {
      console.err(
        checkpoint === null ? "Interrupted: no checkpoint yet" : `Interrupted: checkpoint ${checkpoint}`,
      );
      console.err(`To resume: ${run.howToResume}`);
    }
    const interrupted = stopped && !stop.preempted && !(stop.readerGone && folder === null);
    return { stopped, exitCode: interrupted ? 130 : 0, checkpoint, stages, seconds };
  } catch (thrown) {
    const error = drops.explain(thrown);
    const failed = hooks.resumesAfter?.(error) !== true;
    if (failed && (files !== null || output === "json" && announced)) recordFailure(recorder, error);
    if (failed) await report?.fail();
    throw error;
  } finally {
    run.live?.onAct(null);
    display.close();
    await report?.settled();
    files?.close();
    checkpoints?.close?.(); // the flow closes them too, if it was started
  }
}

function linesOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}

function recorderFor(
  { name, command, seed, resumed, output, live = null }: RecordedRun,
  { display, write, commit }: {
    readonly display: Display;
    write(text: string): void;
    readonly commit: string | undefined;
  },
): Recorder {
  const start: RunEvent & { type: "run" } = {
    type: "run",
    pipeline: name,
    ...(command !== undefined && { command }),
    started: new Date().toISOString(),
    ...(commit !== undefined && { commit }),
    seed,
    resumed,
  };
  return new Recorder(start, {
    display,
    json: output === "json" ? (line) => write(`${line}\n`) : null,
    now: () => performance.now() / 1000,
    ...(live !== null && { live: (event) => live.show(event) }),
  });
}

function interruptHandlers(
  { folder, console, howToResume }: RecordedRun,
  { display, stop }: { readonly display: Display; readonly stop: StopRequest },
): InterruptHandlers {
  const writes = folder !== null;
  return {
    first() {
      display.say(
        `Stopping after this step${writes ? ", with a checkpoint" : ""}; Ctrl-C again stops at once`,
      );
      stop.make();
    },
    preempt() {
      if (stop.signal.aborted) return;
      display.say(`Stopping after this step${writes ? ", with a checkpoint" : ""}, as the scheduler asks`);
      stop.make({ preempted: true });
    },
    second() {
      display.close();
      console.err("Stopped at once");
      if (writes) console.err(`To resume from the last checkpoint, if there is one: ${howToResume}`);
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

/** Returns the number of documents and characters that the source had emitted when the states were saved. */
function sourceOutput(states: ReadonlyMap<string, StageSnapshot>): RunSummary["earlier"] {
  // The state of the source is first in the map, so the first counts belong to the source.
  const counts = [...states.values()].find(({ counts }) => counts !== undefined)?.counts;
  return { documents: counts?.out ?? 0, characters: counts?.lengths?.sum ?? 0 };
}
