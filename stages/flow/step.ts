/**
 * The steps of a flow: what `Flow` collects and a run lays out.
 *
 * @module
 */
import type { Rejects } from "./rejects.ts";
import type { Source, Stage } from "./stage.ts";

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

/** A part of a flow: a stage with its joint, or a branch. */
export type Step =
  | { readonly kind: "stage"; readonly stage: Stage<any, any>; readonly options: PipeOptions }
  | { readonly kind: "tee"; readonly branch: readonly Step[] };

/** A source and the steps after it. */
export interface FlowGraph {
  readonly source: Source<any>;
  readonly steps: readonly Step[];
}
