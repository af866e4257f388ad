/**
 * What a barrier gathers, and what keeps it.
 *
 * @module
 */
import type { Lengths } from "../lengths.ts";
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import type { Json } from "../../disk/json.ts";

/** A stage's state as saved: JSON, with tensors marked. */
export type SavedState = Json | TensorFile | readonly SavedState[] | { readonly [key: string]: SavedState };

/** Tensors that a checkpoint keeps in `<file>.safetensors` beside stream.json. */
export class TensorFile {
  /** `file`: the name without its ending. */
  constructor(
    readonly file: string,
    readonly tensors: TensorMap,
    /** `given`: its arrays are copies that nobody else looks at: they may be handed to another thread, which empties them. */
    readonly options: { readonly given?: boolean } = {},
  ) {}
}

/** Items in, items out, items dropped by reason; where a run measures, the lengths of what went out. */
export type StageCounts = Readonly<{
  in: number;
  out: number;
  dropped: Readonly<Record<string, number>>;
  lengths?: Lengths;
}>;

/** One stage's part of a barrier: its state, and how many items to drop at its door when resuming. */
export interface StageSnapshot {
  /** As `save` gave it. */
  readonly state: SavedState;
  /** Items to drop at its door when resuming. */
  readonly skip?: number;
  /** How many random numbers it has drawn. */
  readonly rng?: number;
  /** What it has counted so far. */
  readonly counts?: StageCounts;
  /** Its input has ended, and it has passed on all it had: a resume does not ask it again. */
  readonly flushed?: true;
}

/** A position in the stream: every stage's state as the barrier passed it. */
export class Barrier {
  /** By stage name; effects as `effect:<name>`. */
  readonly snapshots: Map<string, StageSnapshot> = new Map();
}

/** Where barriers become durable. */
export interface Checkpoints {
  /**
   * Makes a barrier durable, whole or not at all. What it holds is looked at before this returns: the run goes on
   * meanwhile. No other commit is begun before the promise settles.
   */
  commit(barrier: Barrier): Promise<void>;
  /** What to go on from; null: nothing yet. */
  latest(): Promise<ReadonlyMap<string, StageSnapshot> | null>;
  /** The run has ended: frees what writing took. */
  close?(): void;
}
