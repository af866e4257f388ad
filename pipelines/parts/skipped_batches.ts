/**
 * Decides whether a failed training run resumes without a batch.
 *
 * @module
 */
import { SkipBatchError } from "../../stages/train/divergence_response.ts";
import type { SkippedBatch } from "../cli/pipeline.ts";

/** Batches that one command skips at most; with more of them something other than the data is wrong. */
const MAX_SKIPPED = 8;

/**
 * The batch that made a run fail and that it can skip. Null: there is none, or too many are skipped already.
 */
export function batchToSkip(error: unknown, skipped: ReadonlyMap<number, string>): SkippedBatch | null {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof SkipBatchError) return skipped.size < MAX_SKIPPED && !skipped.has(at.batch) ? at : null;
  }
  return null;
}
