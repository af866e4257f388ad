/**
 * The steps of a flow, as `Flow` collects them and a run lays them out.
 *
 * @module
 */
import type { Rejects } from "./rejects.ts";
import type { Source, Stage } from "./stage.ts";

/** How a stage is joined to the one before it. */
export interface PipeOptions {
  /**
   * How many items are read ahead while the stage and those after it work. From 1 on, the stages before it
   * run at the same time as the stage. Default: 0.
   */
  readonly ahead?: number;
  /** Where dropped items go, each with the reason and the stage's name. Default: they are only counted. */
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
