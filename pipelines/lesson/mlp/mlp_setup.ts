/**
 * Data and settings that the sections of the lesson on Bengio's net share.
 *
 * @module
 */
import type { Engine } from "../../../kernels/engine/engine.ts";
import type { Letters, SplitExamples } from "../letters.ts";

/** Source of the lecture's values. */
export const notebook = "makemore part 2, notebook";
/** Letters of context. */
export const context = 3;
/** Examples per step. */
export const batch = 32;
/** Steps of a shortened run and of the lecture's. */
export const shortRun = 20_000, fullRun = 200_000;
/**
 * How often the notebook's cell that shuffles the names had been run when it printed the numbers of examples.
 */
export const shuffles = 4;

/** Data and settings that the sections of the lesson share. */
export interface MlpSetup {
  readonly words: readonly string[];
  readonly letters: Letters;
  /** Examples of all names, split into three parts. */
  readonly data: SplitExamples;
  readonly engine: Engine;
  readonly seed: number;
  /** Training steps of the first net. */
  readonly steps: number;
  /** Training steps of the larger net. */
  readonly largerSteps: number;
  /** Why values need not equal the lecture's; null: they should. */
  readonly mayDiffer: string | null;
  /** The same for losses of the larger net, which need the lecture's number of steps. */
  readonly lossMayDiffer: string | null;
}
