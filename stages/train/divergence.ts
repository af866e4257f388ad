/**
 * Detects updates that diverge: a loss or gradient norm that is NaN or infinite, or that spikes.
 *
 * @module
 */
import type { StepResult } from "../model/model_session.ts";
import { zScore } from "./outliers.ts";

/**
 * What to do about an update that diverged. `stop` ends the run with an error; `skip` discards the update and
 * continues with the next batch; `rollback` resumes from the last checkpoint and skips the batch.
 */
export type DivergenceAction = "stop" | "skip" | "rollback";

/** Which updates count as diverged, and what to do about them. */
export interface DivergenceOptions {
  /** What to do when the loss or the gradient norm is NaN or infinite. Default stop. */
  readonly onNan?: DivergenceAction;
  /**
   * Z-score, relative to the latest 128 values, above which a loss or gradient norm counts as a spike. A
   * value of 0 (default) disables the detection.
   */
  readonly spikeZ?: number;
  /** What to do about a spike. Default skip. */
  readonly onSpike?: DivergenceAction;
}

/** State of a detector, for a checkpoint. */
export interface DivergenceState {
  /** The latest losses, oldest first. */
  readonly loss: readonly number[];
  /** The latest gradient norms, oldest first. */
  readonly gradNorm: readonly number[];
  /** Number of consecutive updates that were skipped because of NaN. */
  readonly skipped: number;
}

/** An update that diverged. */
export interface Divergence {
  /** What to do about it. */
  readonly action: DivergenceAction;
  /** What happened, such as "the loss is NaN". */
  readonly reason: string;
}

/**
 * Maximum number of consecutive updates that are skipped because of NaN. If there are more, the cause is not
 * the batches but the weights.
 */
const MAX_SKIPPED = 10;

/**
 * Returns whether updates must be deferred because some may be skipped: to skip an update, its loss must be
 * read before the update is applied. If updates are deferred, each one waits for the device.
 */
export function needsDeferredUpdates({ onNan, spikeZ = 0, onSpike = "skip" }: DivergenceOptions): boolean {
  return onNan === "skip" || spikeZ > 0 && onSpike === "skip";
}

/** Checks the loss and the gradient norm of each update, in order. */
export class DivergenceDetector {
  readonly #options: DivergenceOptions;
  readonly #loss: number[];
  readonly #gradNorm: number[];
  #skipped: number;

  /** `state` is the saved state if a run is resumed. */
  constructor(options: DivergenceOptions, state?: DivergenceState) {
    this.#options = options;
    this.#loss = [...state?.loss ?? []];
    this.#gradNorm = [...state?.gradNorm ?? []];
    this.#skipped = state?.skipped ?? 0;
  }

  /** Returns how the update diverged, or null if it did not. */
  check({ loss, gradNorm }: StepResult): Divergence | null {
    const { onNan = "stop", spikeZ = 0, onSpike = "skip" } = this.#options;
    const scores = { loss: zScore(this.#loss, loss), "gradient norm": zScore(this.#gradNorm, gradNorm) };
    const values = Object.entries({ loss, "gradient norm": gradNorm });
    const nan = values.find(([, value]) => !Number.isFinite(value));
    if (nan !== undefined) {
      const reason = `the ${nan[0]} is ${nan[1]}`;
      if (onNan !== "skip") return { action: onNan, reason };
      if (++this.#skipped <= MAX_SKIPPED) return { action: "skip", reason };
      return {
        action: "stop",
        reason: `${reason}, and the ${MAX_SKIPPED} steps before it were skipped too`,
      };
    }
    this.#skipped = 0;
    const spike = Object.entries(scores).find(([, z]) => spikeZ > 0 && z > spikeZ);
    if (spike === undefined) return null;
    const [name, z] = spike, value = name === "loss" ? loss : gradNorm;
    return {
      action: onSpike,
      reason: `the ${name} ${value.toPrecision(4)} is ${
        z.toFixed(1)
      } standard deviations above the mean of the last 128`,
    };
  }

  /** Returns the state, for a checkpoint. */
  save(): DivergenceState {
    return { loss: [...this.#loss], gradNorm: [...this.#gradNorm], skipped: this.#skipped };
  }
}
