/**
 * What a barrier collects, and what keeps it.
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
  /** `file`: name of the file without its ending. */
  constructor(
    readonly file: string,
    readonly tensors: TensorMap,
    /** `transfer`: nothing else uses the arrays: they may be moved to another thread, which empties them. */
    readonly options: { readonly transfer?: boolean } = {},
  ) {}
}

/** Items in, items out, items dropped by reason; lengths of the output where the run measures them. */
export type StageCounts = Readonly<{
  in: number;
  out: number;
  dropped: Readonly<Record<string, number>>;
  lengths?: Lengths;
}>;

/** What a barrier collects of one stage. */
export interface StageSnapshot {
  /** The state as `save` returned it. */
  readonly state: SavedState;
  /**
   * Number of items to drop at the stage's input on resume, because the state includes them. Default: none.
   */
  readonly skip?: number;
  /** Number of random words drawn so far. */
  readonly rng?: number;
  /** What the stage has counted so far. */
  readonly counts?: StageCounts;
  /** The stage's input has ended and its flush is complete: a resumed run does not flush it again. */
  readonly flushed?: true;
}

/** A position in the stream: the snapshot of each stage as the barrier passed it. */
export class Barrier {
  /** By stage name; effects by `effect:<name>`. */
  readonly snapshots: Map<string, StageSnapshot> = new Map();
}

/** Keeps barriers. */
export interface Checkpoints {
  /**
   * Makes a barrier durable, whole or not at all. The barrier is copied or encoded before this returns, so
   * the run may continue. The next commit starts only after the promise settles.
   */
  commit(barrier: Barrier): Promise<void>;
  /** The snapshots to resume from. Null: there is no checkpoint. */
  latest(): Promise<ReadonlyMap<string, StageSnapshot> | null>;
  /** Called when the run has ended: releases threads and files. */
  close?(): void;
}
