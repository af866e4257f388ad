/**
 * How a flow is run, and how a run ends.
 *
 * @module
 */
import type { Json } from "../disk/json.ts";
import type { Checkpoints } from "./checkpoint/types.ts";
import type { CheckpointRequest } from "./checkpoint_request.ts";
import type { RunEvent } from "./events.ts";
import type { Measure } from "./lengths.ts";

/**
 * State outside the stages that belongs to a checkpoint, for example the length of a log file. On resume, the
 * file is truncated to this length.
 */
export interface Effect {
  /** Returns the current position. Called when a checkpoint is taken, while nothing is being written. */
  save(): Json | Promise<Json>;
  /** Goes back to the position `saved`, or to the beginning if `saved` is null. */
  restore(saved: Json): void | Promise<void>;
}

/** How a flow is run. */
export interface RunOptions {
  /** Signal that ends the run at once. `run` rejects with the signal's reason after all stages are closed. */
  readonly signal?: AbortSignal;
  /**
   * Signal that stops the run after the current item, with a last checkpoint. `run` returns `{ stopped: true
   * }`.
   */
  readonly stop?: AbortSignal;
  /** Seed from which all random numbers of the run derive. Default: 0. */
  readonly seed?: number;
  /** Number of the source's items between two barriers. Default: 1000. */
  readonly barrierEvery?: number;
  /** Number of items between two barriers in a flush that can be resumed. Default: 1000. */
  readonly flushBarrierEvery?: number;
  /** Checkpoints to save to and to resume from. Default: none are taken. */
  readonly checkpoints?: Checkpoints;
  /** Requests for checkpoints between the regular ones. Default: there are none. */
  readonly checkpointRequest?: CheckpointRequest;
  /**
   * Effects by name, which are saved with each checkpoint as `effect:<name>` and restored before the stages
   * open.
   */
  readonly effects?: Readonly<Record<string, Effect>>;
  /**
   * Function that measures items. Stage events then contain the lengths of the items that each stage has
   * passed on.
   */
  readonly measure?: Measure;
  /** Called with every event. An error that it throws ends the run. */
  onEvent?(event: RunEvent): void;
}

/** How a run ended. `stopped` says whether it was asked to stop before the flow had ended. */
export type RunResult = Readonly<{ stopped: boolean }>;
