/**
 * A flow: one source, a chain of stages, branches. Nothing runs until `run` or `stream` is called, and then only what
 * the next stage asks for.
 *
 * @module
 */
import type { Json } from "../disk/json.ts";
import type { Checkpoints } from "./checkpoint/types.ts";
import type { RunEvent } from "./events.ts";
import type { Measure } from "./lengths.ts";
import { type Rejects, sinksOf } from "./rejects.ts";
import { Run } from "./run/run.ts";
import type { Source, Stage } from "./stage.ts";
import { streamOf } from "./run/stream.ts";

export type { Lengths, Measure } from "./lengths.ts";
export type { Reject, Rejects } from "./rejects.ts";

/** How a stage is joined to the one before it. */
export interface PipeOptions {
  /** Read up to this many items ahead of the stage, while it and what follows are at work. Default 0: none. */
  readonly ahead?: number;
  /**
   * A sink for the items that the stage drops, with the reason and the stage's name; of a parallel group also several,
   * by the names of the group's stages.
   */
  readonly rejects?: Rejects;
}

/** Something outside the stages whose position belongs to a checkpoint: a log that is cut back on resume. */
export interface Effect {
  /** Where it stands now: asked for when a checkpoint is taken, with nothing under way that could write on. */
  save(): Json | Promise<Json>;
  /** Goes back to where `saved` was taken; null: to the beginning. */
  restore(saved: Json): void | Promise<void>;
}

/** How a flow is run. */
export interface RunOptions {
  /** Ends the run at once: `run` rejects with its reason once all stages are closed. */
  readonly signal?: AbortSignal;
  /** Ends it softly: after the item under way, with a last checkpoint; `run` gives `{ stopped: true }`. */
  readonly stop?: AbortSignal;
  /** Default 0. All random numbers come from it. */
  readonly seed?: number;
  /** A barrier after this many items of the source. Default 1000. */
  readonly barrierEvery?: number;
  /** A barrier after this many items of a flush that can be resumed. Default 1000. */
  readonly flushBarrierEvery?: number;
  /** Where checkpoints are kept, and found when the run goes on. */
  readonly checkpoints?: Checkpoints;
  /** Saved with each checkpoint as `effect:<name>`, restored before the stages open. */
  readonly effects?: Readonly<Record<string, Effect>>;
  /** How long an item is: stage events then carry the lengths of what each stage passed on. */
  readonly measure?: Measure;
  /** Hears of everything; what it throws ends the run. */
  onEvent?(event: RunEvent): void;
}

/** How a run ended: by itself, or because it was asked to stop. */
export type RunResult = Readonly<{ stopped: boolean }>;

/** A part of a flow: a stage with its joint, or a branch. */
export type Step =
  | { readonly kind: "stage"; readonly stage: Stage<any, any>; readonly options: PipeOptions }
  | { readonly kind: "tee"; readonly branch: readonly Step[] };

/** What a flow is made of, for people: the lines of `--dry-run`. */
export type StepInfo =
  | Readonly<{ kind: "source"; name: string }>
  | Readonly<{ kind: "stage"; name: string; ahead: number; cuts: boolean; rejects: string | null }>
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
    cuts: stage.cuts ?? false,
    rejects: sinksOf(options.rejects).map(({ sink }) => sink.name).join(", ") || null,
  };
}
