/**
 * The largest --batch-size that fits a device's memory, for each mode of --recompute.
 *
 * @module
 */
import type { Recompute } from "../../../kernels/models/model.ts";
import { type PlanInputs, trainingPlan, type TrainingValues } from "../training_plan.ts";

/** Largest batch size for each amount of memory and mode of recomputation. */
export interface MaxBatchSizes {
  /** Amounts of memory in bytes, ascending. */
  readonly budgets: readonly number[];
  readonly rows: readonly {
    readonly recompute: Recompute;
    /** Largest batch size for each budget; null if not even one sequence fits. */
    readonly batchSizes: readonly (number | null)[];
  }[];
}

const GIB = 2 ** 30;
const MAX_BATCH_SIZE = 65536; // the largest value of --batch-size

/**
 * Finds the largest batch sizes that need at most 4, 8, 16 and 24 GiB of memory. Only powers of two are
 * tried, and only if their number of tokens divides --total-batch-tokens. The memory includes weights,
 * gradients, optimizer state, activations, evaluation and sampling.
 */
export function maxBatchSizes(o: TrainingValues, inputs: PlanInputs): MaxBatchSizes {
  const budgets = [4, 8, 16, 24].map((n) => n * GIB);
  const sizes = Array.from({ length: 1 + Math.log2(MAX_BATCH_SIZE) }, (_, i) => 2 ** i)
    .filter((n) => o.totalBatchTokens === null || o.totalBatchTokens % (n * o.seqLen) === 0);
  const rows = (["none", "gelu", "block"] as const).map((recompute) => {
    const bytes: number[] = []; // memory for each element of `sizes`; computed only when needed
    const bytesOf = (at: number) =>
      bytes[at] ??= plannedBytes({ ...o, recompute, batchSize: sizes[at] }, inputs);
    let next = 0; // index of the first size that may not fit; it only grows, because budgets ascend
    const batchSizes = budgets.map((budget) => {
      while (next < sizes.length && bytesOf(next) <= budget) next++;
      return next === 0 ? null : sizes[next - 1];
    });
    return { recompute, batchSizes };
  });
  return { budgets, rows };
}

/** Returns the memory of a training run in bytes. */
function plannedBytes(o: TrainingValues, inputs: PlanInputs): number {
  return Object.values(trainingPlan(o, inputs).memory).reduce((sum, n) => sum + n, 0);
}
