/**
 * How a model is trained, and which programs one update runs.
 *
 * @module
 */
import type { Recompute } from "../../kernels/models/model.ts";
import type { Optimizer } from "../../kernels/optim/optimizer.ts";
import type { Batch } from "../items.ts";

/** How a model is trained. */
export interface TrainingPlan {
  /** The optimizer. */
  readonly optimizer: Optimizer;
  /** Shape of a batch: micro-batches per update, sequences per micro-batch, tokens per sequence. */
  readonly shape: Batch["shape"];
  /**
   * Maximum norm of all gradients together; larger gradients are scaled down to this norm. 0 disables
   * clipping.
   */
  readonly clip: number;
  /**
   * Loss scale: gradients are multiplied by it until the optimizer applies them, because 16-bit products lose
   * very small gradients. A power of two does not change the result in float32. Default 1.
   */
  readonly gradientScale?: number;
  /**
   * Which activations the backward pass recomputes instead of keeping them in memory; default none. The
   * results are the same.
   */
  readonly recompute?: Recompute;
  /**
   * Whether losses have weights of their own, `Batch.mask`, which may be any numbers; otherwise a mask is of
   * zeros and ones. Default false.
   */
  readonly weighted?: boolean;
  /** Whether sequences can hold several documents, `Batch.segments`. Default false. */
  readonly segmented?: boolean;
  /**
   * Whether to make the program `inspect`, which keeps activations and gradients of a micro-batch. Default
   * false.
   */
  readonly inspection?: boolean;
  /**
   * Whether an update is deferred: the host reads its loss and gradient norm before it is committed or
   * discarded. The programs `measure`, `commit` and `discard` then replace `update`. Default false.
   */
  readonly deferred?: boolean;
  /**
   * Number of updates whose losses and gradient norms the device keeps until the host reads them. Default 10.
   */
  readonly history?: number;
}

/**
 * Number of updates between two reads: few enough that losses are printed at most seconds late, and enough
 * that a GPU is seldom idle (it runs out of work at each read).
 */
const HISTORY = 10;

/** Returns the number of updates whose losses and gradient norms the device keeps. */
export function historyLength({ history = HISTORY }: TrainingPlan): number {
  return history;
}

/**
 * Returns the names of the programs of one update, in the order in which they run; a deferred update is
 * committed. The result is empty without training.
 */
export function programsOfStep(training: TrainingPlan | undefined): readonly string[] {
  if (training === undefined) return [];
  const micros = Array<string>(training.shape[0]).fill("micro");
  return [...micros, ...(training.deferred === true ? ["measure", "commit"] : ["update"])];
}

/** Throws RangeError for a history or loss scale that cannot be used. */
export function checkTrainingPlan(training: TrainingPlan): void {
  const history = historyLength(training), { gradientScale = 1 } = training;
  if (!Number.isInteger(history) || history < 1) {
    throw new RangeError(`Cannot keep the losses of ${history} updates: wanted a whole number above 0`);
  }
  if (!(gradientScale > 0 && Number.isFinite(gradientScale))) {
    throw new RangeError(`Cannot scale gradients by ${gradientScale}: wanted a finite number above 0`);
  }
}
