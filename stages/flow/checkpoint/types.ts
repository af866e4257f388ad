/**
 * The snapshots of stages that a barrier collects, and the interface for keeping them.
 *
 * @module
 */
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import type { Json } from "../../disk/json.ts";
import type { Lengths } from "../lengths.ts";

/** A stage's state as it is saved: JSON values and TensorFiles. */
export type SavedState = Json | TensorFile | readonly SavedState[] | { readonly [key: string]: SavedState };

/** Tensors of a state that a checkpoint keeps in `<file>.safetensors`, beside stream.json. */
export class TensorFile {
  /** `file` is the name of the file without its extension. */
  constructor(
    readonly file: string,
    readonly tensors: TensorMap,
    /**
     * `transfer` says whether the arrays may be moved to another thread (which empties them), because nothing
     * else uses them.
     */
    readonly options: { readonly transfer?: boolean } = {},
  ) {}
}

/**
 * Number of input items, of output items, and of items dropped for each reason; also the lengths of the
 * output items if the run measures them.
 */
export type StageCounts = Readonly<{
  in: number;
  out: number;
  dropped: Readonly<Record<string, number>>;
  lengths?: Lengths;
}>;

/** What a barrier collects from one stage. */
export interface StageSnapshot {
  /** The state as `save` returned it. */
  readonly state: SavedState;
  /**
   * Number of items to drop at the stage's input on resume, because the state includes them. Default: none.
   */
  readonly skip?: number;
  /** Number of 32-bit random words used so far. */
  readonly rng?: number;
  /** What the stage has counted so far. */
  readonly counts?: StageCounts;
  /**
   * Present if the stage's input has ended and its flush is complete; a resumed run does not flush it again.
   */
  readonly flushed?: true;
}

/** A position in the stream. The barrier takes a snapshot of each stage when it passes the stage. */
export class Barrier {
  /** Snapshots, keyed by the stage's name, or by `effect:<name>` for an effect. */
  readonly snapshots: Map<string, StageSnapshot> = new Map();
}

/** Saves the snapshots of barriers as checkpoints. */
export interface Checkpoints {
  /**
   * Saves a barrier, completely or not at all. The barrier has been copied or encoded when this method
   * returns its promise, so the run may continue. The next commit starts only after the promise settles.
   */
  commit(barrier: Barrier): Promise<void>;
  /** Returns the snapshots to resume from, or null if there is no checkpoint. */
  latest(): Promise<ReadonlyMap<string, StageSnapshot> | null>;
  /** Called when the run has ended: releases threads and files. */
  close?(): void;
}
