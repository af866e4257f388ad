/**
 * Decides whether a failed training run resumes without the batch that made it fail.
 *
 * @module
 */
import { SkipBatchError } from "../../stages/train/divergence_response.ts";
import type { SkippedBatch } from "../cli/pipeline.ts";

/** Maximum number of batches that one command skips. If more batches fail, the data is not the cause. */
const MAX_SKIPPED = 8;

/**
 * Returns the batch that made a run fail and that the run can skip. Returns null if there is no such batch or
 * if too many batches have been skipped already.
 */
export function batchToSkip(error: unknown, skipped: ReadonlyMap<number, string>): SkippedBatch | null {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof SkipBatchError) return skipped.size < MAX_SKIPPED && !skipped.has(at.batch) ? at : null;
  }
  return null;
}
