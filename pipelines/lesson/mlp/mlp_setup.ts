/**
 * Data and settings that the sections of the lesson on Bengio's net share.
 *
 * @module
 */
import type { Engine } from "../../../kernels/engine/engine.ts";
import type { Letters, SplitExamples } from "../letters.ts";

/** Source of the lecture's values. */
export const notebook = "makemore part 2, notebook";
/** Number of letters of context. */
export const context = 3;
/** Number of examples per step. */
export const batch = 32;
/** Number of training steps of a shortened run and of the lecture's run. */
export const shortRun = 50_000, fullRun = 200_000;
/**
 * Number of times that the notebook had shuffled the names before it printed the numbers of examples. The
 * cell that shuffles them was run repeatedly.
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
  /** Number of training steps of the first net. */
  readonly steps: number;
  /** Number of training steps of the larger net. */
  readonly largerSteps: number;
  /** Why values may differ from the lecture's; null if they should be equal. */
  readonly mayDiffer: string | null;
  /** Like `mayDiffer`, but for losses of the larger net, which depend on the number of steps. */
  readonly lossMayDiffer: string | null;
}
