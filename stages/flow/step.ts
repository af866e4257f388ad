/**
 * The steps of a flow, as `Flow` collects them and a run lays them out.
 *
 * @module
 */
import type { Rejects } from "./rejects.ts";
import type { Source, Stage } from "./stage.ts";

/** How a stage is connected to the stage before it. */
export interface PipeOptions {
  /**
   * Number of items that are read ahead while this stage and the stages after it work. If it is at least 1,
   * the stages before this stage run concurrently with it. Default: 0.
   */
  readonly ahead?: number;
  /**
   * Sinks for dropped items. A sink receives each item with the reason and the stage's name. Default: dropped
   * items are only counted.
   */
  readonly rejects?: Rejects;
}

/** A step of a flow: a stage with its options, or a branch. */
export type Step =
  | { readonly kind: "stage"; readonly stage: Stage<any, any>; readonly options: PipeOptions }
  | { readonly kind: "tee"; readonly branch: readonly Step[] };

/** A source and the steps after it. */
export interface FlowGraph {
  readonly source: Source<any>;
  readonly steps: readonly Step[];
}
