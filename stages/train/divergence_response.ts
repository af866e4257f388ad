/**
 * The response to an update that diverged: skip it, roll back or stop.
 *
 * @module
 */
import { describeOrigins } from "./batch_origins.ts";
import type { TrainingPlan } from "../model/plan.ts";
import type { Divergence } from "./divergence.ts";
import type { PendingUpdate } from "./pending_results.ts";

/** Ends a run that must be resumed from its last checkpoint and then skip one of its batches. */
export class SkipBatchError extends Error {
  /** The name of the class. */
  override readonly name = "SkipBatchError";

  /**
   * Step of the last weights that are known to be sound: the run goes back to a checkpoint of this step or of
   * an earlier one. Absent: to the last checkpoint.
   */
  readonly before?: number;

  /**
   * `batch` is the index of the batch in the run, starting at 0 (the message counts from 1); `reason` says
   * what happened and where the batch comes from.
   */
  constructor(
    readonly batch: number,
    readonly reason: string,
    { before }: { readonly before?: number } = {},
  ) {
    super(
      `Cannot train on batch ${batch + 1}: ${reason}: resume from the last checkpoint and skip the batch`,
    );
    if (before !== undefined) this.before = before;
  }
}

/** An update that diverged. */
export interface DivergedUpdate extends Pick<PendingUpdate, "step" | "batch" | "origins"> {
  /** How the update was computed; the advice about smaller updates depends on it. */
  readonly training: Pick<TrainingPlan, "optimizer" | "clip"> | undefined;
}

/**
 * Returns the reason to skip an update, with the origins of its batch. Throws SkipBatchError if the run must
 * roll back, and RangeError if it must stop.
 */
export function skipReasonOrThrow(
  { action, reason }: Divergence,
  { step, batch, origins, training }: DivergedUpdate,
): string {
  const where = describeOrigins(origins);
  const full = where === "" ? reason : `${reason}; batch ${batch + 1} is from ${where}`;
  switch (action) {
    case "skip":
      return full;
    case "rollback":
      throw new SkipBatchError(batch, `step ${step}: ${full}`);
    case "stop":
      throw new RangeError(
        `Cannot continue after step ${step}: ${full}: ` +
          `resume from the last checkpoint with ${smallerUpdates(training)}`,
      );
  }
}

/** Names the options that make updates smaller, leaving out values that the run has already. */
function smallerUpdates(training: DivergedUpdate["training"]): string {
  const { optimizer, clip = 0 } = training ?? {};
  // Muon's matrices have a rate of their own, which --lr does not change.
  const rates = optimizer?.name === "muon" ? "a lower --lr and --muon-lr" : "a lower --lr";
  const clipping = clip > 0 && clip <= 1 ? "a smaller --grad-clip" : "--grad-clip 1";
  return `${rates}, a longer --warmup or ${clipping}`;
}
