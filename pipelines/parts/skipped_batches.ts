/**
 * Whether a run that failed can go on without a batch.
 *
 * @module
 */
import type { SkippedBatch } from "../cli/pipeline.ts";
import { SkipBatchError } from "../../stages/train/divergence_response.ts";

/** Batches left out in one sitting, after which it is not the batches that are wrong. */
const MOST_LEFT_OUT = 8;

/** The batch that a run failed on and can go on without; null: there is none, or there were too many. */
export function batchToSkip(error: unknown, before: ReadonlyMap<number, string>): SkippedBatch | null {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof SkipBatchError) return before.size < MOST_LEFT_OUT && !before.has(at.batch) ? at : null;
  }
  return null;
}
