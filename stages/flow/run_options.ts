/**
 * How a flow is run, and how a run ends.
 *
 * @module
 */
import type { Json } from "../disk/json.ts";
import type { Checkpoints } from "./checkpoint/types.ts";
import type { RunEvent } from "./events.ts";
import type { Measure } from "./lengths.ts";

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
