/**
 * What batch fits: the largest --batch-size by a device's memory and --recompute, each found by planning it.
 *
 * @module
 */
import type { Recompute } from "../../kernels/models/model.ts";
import { type PlanInputs, trainingPlan, type TrainingValues } from "./training.ts";

/** Largest batch sizes. */
export interface MaxBatchSizes {
  /** Bytes of memory. */
  readonly budgets: readonly number[];
  /** A mode's largest batch size for each budget; null: not even one sequence fits. */
  readonly rows: readonly {
    readonly recompute: Recompute;
    readonly batchSizes: readonly (number | null)[];
  }[];
}

const GIB = 2 ** 30;
const MOST = 65536; // of --batch-size

/**
 * The largest power of two for --batch-size, among those that --total-batch-tokens allows, that is planned to take no
 * more than 4, 8, 16 and 24 GiB: weights, gradients, optimizer, activations, and what validation and samples need.
 */
export function maxBatchSizes(o: TrainingValues, beginning: PlanInputs): MaxBatchSizes {
  const budgets = [4, 8, 16, 24].map((n) => n * GIB);
  const sizes = Array.from({ length: 1 + Math.log2(MOST) }, (_, i) => 2 ** i)
    .filter((n) => o.totalBatchTokens === null || o.totalBatchTokens % (n * o.seqLen) === 0);
  const rows = (["none", "gelu", "block"] as const).map((recompute) => {
    const bytes: number[] = []; // by size, as far as it was asked
    const bytesOf = (at: number) =>
      bytes[at] ??= plannedBytes({ ...o, recompute, batchSize: sizes[at] }, beginning);
    let next = 0; // the first that may not fit: budgets ascend
    const batchSizes = budgets.map((budget) => {
      while (next < sizes.length && bytesOf(next) <= budget) next++;
      return next === 0 ? null : sizes[next - 1];
    });
    return { recompute, batchSizes };
  });
  return { budgets, rows };
}

/** Bytes of all memory that a training takes. */
function plannedBytes(o: TrainingValues, beginning: PlanInputs): number {
  return Object.values(trainingPlan(o, beginning).memory).reduce((sum, n) => sum + n, 0);
}
