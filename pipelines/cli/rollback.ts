/**
 * Batches that are left out: the run goes back to its last checkpoint, as if it had been typed again, and passes them
 * over.
 *
 * @module
 */
import { execute, type Job } from "./execute.ts";
import { exists } from "../../stages/disk/whole_files.ts";

/** Runs a job, and runs it on after each batch that must be left out. Returns and throws as `execute`. */
export async function executeWithRollback(job: Job): Promise<number> {
  const leaveOut = new Map(job.leaveOut);
  for (let current = job;;) {
    try {
      return await execute(current);
    } catch (error) {
      const found = job.named.pipeline.batchToSkip?.(error, leaveOut) ?? null;
      if (found === null) throw error;
      leaveOut.set(found.batch, found.why);
      const resumed = await exists(`${job.home}/checkpoints/latest`);
      job.console.err(
        `Batch ${found.batch} is left out (${found.why}): going back to ${
          resumed ? "the last checkpoint" : "the beginning, for there is no checkpoint yet"
        }`,
      );
      current = { ...job, checkpoint: null, resumed, leaveOut };
    }
  }
}
