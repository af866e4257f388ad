/**
 * How a flow is run, and how a run ends.
 *
 * @module
 */
import type { Json } from "../disk/json.ts";
import type { Checkpoints } from "./checkpoint/types.ts";
import type { RunEvent } from "./events.ts";
import type { Measure } from "./lengths.ts";

/** State outside the stages that belongs to a checkpoint, such as a log file that is truncated on resume. */
export interface Effect {
  /** The present position. Called when a checkpoint is taken, while nothing is being written. */
  save(): Json | Promise<Json>;
  /** Goes back to the position `saved`. Null: to the beginning. */
  restore(saved: Json): void | Promise<void>;
}

/** How a flow is run. */
export interface RunOptions {
  /** Ends the run at once. `run` rejects with the signal's reason after all stages are closed. */
  readonly signal?: AbortSignal;
  /** Stops the run after the present item, with a last checkpoint; `run` returns `{ stopped: true }`. */
  readonly stop?: AbortSignal;
  /** All random numbers of the run derive from it. Default: 0. */
  readonly seed?: number;
  /** Number of the source's items between two barriers. Default: 1000. */
  readonly barrierEvery?: number;
  /** Number of items between two barriers in a flush that can be resumed. Default: 1000. */
  readonly flushBarrierEvery?: number;
  /** Where checkpoints are kept, and read from when the run resumes. Default: none are taken. */
  readonly checkpoints?: Checkpoints;
  /** Saved with each checkpoint as `effect:<name>`, and restored before the stages open. */
  readonly effects?: Readonly<Record<string, Effect>>;
  /** Measures items. Stage events then carry the lengths of the items that each stage has passed on. */
  readonly measure?: Measure;
  /** Called with every event. An error that it throws ends the run. */
  onEvent?(event: RunEvent): void;
}

/** How a run ended. `stopped`: it was asked to stop before the flow had ended. */
export type RunResult = Readonly<{ stopped: boolean }>;
