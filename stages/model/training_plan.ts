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
   * Largest allowed norm of all gradients together; larger gradients are scaled down to it. 0: no clipping.
   */
  readonly clip: number;
  /**
   * Loss scale: gradients are multiplied by it until the optimizer applies them, because 16-bit products lose
   * very small gradients. A power of two changes no bits of float32 gradients. Default 1.
   */
  readonly gradientScale?: number;
  /**
   * Activations that the backward pass recomputes instead of keeping them; default none. Results are the
   * same.
   */
  readonly recompute?: Recompute;
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
 * Updates between two reads: few enough that losses are printed seconds late at most, and enough that a GPU,
 * which a read drains, is seldom idle.
 */
const HISTORY = 10;

/** Number of updates whose losses and gradient norms the device keeps. */
export function historyLength({ history = HISTORY }: TrainingPlan): number {
  return history;
}

/** Programs of one update in the order they run, a deferred update being committed; none without training. */
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
