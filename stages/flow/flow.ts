/**
 * A flow: one source, a chain of stages, branches. Nothing runs until `run` or `stream` is called, and then only what
 * the next stage asks for.
 *
 * @module
 */
import { sinksOf } from "./rejects.ts";
import type { RunOptions, RunResult } from "./run_options.ts";
import type { PipeOptions, Step } from "./step.ts";
import { Run } from "./run/run.ts";
import type { Source, Stage } from "./stage.ts";
import { streamOf } from "./run/stream.ts";

export type { Lengths, Measure } from "./lengths.ts";
export type { Reject, Rejects } from "./rejects.ts";
export type { Effect, RunOptions, RunResult } from "./run_options.ts";
export type { PipeOptions, Step } from "./step.ts";

/** What a flow is made of, for people: the lines of `--dry-run`. */
export type StepInfo =
  | Readonly<{ kind: "source"; name: string }>
  | Readonly<
    { kind: "stage"; name: string; ahead: number; takesCheckpoints: boolean; rejects: string | null }
  >
  | Readonly<{ kind: "tee"; branch: readonly StepInfo[] }>;

/** Begins a flow. */
export function from<T>(source: Source<T>): Flow<T> {
  return new Flow<T>(source, []);
}

/** A source and the steps after it; each method gives a new flow. */
export class Flow<T> {
  /** Use `from`. */
  constructor(readonly source: Source<any>, readonly steps: readonly Step[]) {}

  /** Appends a stage. */
  pipe<U>(stage: Stage<T, U>, options: PipeOptions = {}): Flow<U> {
    return new Flow<U>(this.source, [...this.steps, { kind: "stage", stage, options }]);
  }

  /** Appends a group of stages: a function from flow to flow. */
  via<U>(group: (flow: Flow<T>) => Flow<U>): Flow<U> {
    return group(this);
  }

  /**
   * Gives each item to a branch as well, before what follows here gets it. The slower side sets the pace: nothing is
   * queued. Where the branch may lag, let its first stage read ahead.
   */
  tee(branch: (flow: Flow<T>) => Flow<unknown>): Flow<T> {
    const { steps } = branch(new Flow<T>(this.source, []));
    return new Flow<T>(this.source, [...this.steps, { kind: "tee", branch: steps }]);
  }

  /** What comes out at the end, as a stream: the flow runs as far as it is read, and stops when it is cancelled. */
  stream(options: RunOptions = {}): ReadableStream<T> {
    return streamOf<T>(this, options);
  }

  /**
   * Runs to the end, or goes on from the last checkpoint to the end. Rejects with the first failure, which names
   * the stage and the item, or with the abort signal's reason; all stages are closed by then.
   */
  run(options: RunOptions = {}): Promise<RunResult> {
    return new Run(this, options).execute();
  }

  /** Its source, stages and branches in order. */
  describe(): readonly StepInfo[] {
    return [{ kind: "source", name: this.source.name }, ...this.steps.map(describeStep)];
  }
}

function describeStep(step: Step): StepInfo {
  if (step.kind === "tee") return { kind: "tee", branch: step.branch.map(describeStep) };
  const { stage, options } = step;
  return {
    kind: "stage",
    name: stage.name,
    ahead: options.ahead ?? 0,
    takesCheckpoints: stage.takesCheckpoints ?? false,
    rejects: sinksOf(options.rejects).map(({ sink }) => sink.name).join(", ") || null,
  };
}
