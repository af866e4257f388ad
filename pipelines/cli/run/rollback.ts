/**
 * Resumes a run without the batch that made it fail.
 *
 * @module
 */
import { exists } from "../../../stages/disk/whole_files.ts";
import { type LiveWishes, startLive } from "../../../stages/run/start_live.ts";
import { execute } from "./execute.ts";
import type { RunJob } from "./run_job.ts";

/**
 * Executes a run. If the run fails and the pipeline names a batch to skip, the run resumes from its last
 * checkpoint as if the command had been given again, and skips that batch. Returns and throws the same as
 * `execute()`.
 */
export async function executeWithRollback(job: RunJob): Promise<number> {
  const live = await startLive(liveWishes(job));
  try {
    return await executeUntilEnd({ ...job, live });
  } finally {
    await live?.close();
  }
}

function liveWishes(
  { named: { pipeline }, resolved: { values }, recordFolder, console }: RunJob,
): LiveWishes {
  return {
    folder: pipeline.writes === false ? null : recordFolder,
    ui: values.ui === true ? 0 : typeof values.ui === "number" ? values.ui : null,
    events: typeof values.events === "string" ? values.events : null,
    console,
  };
}

async function executeUntilEnd(job: RunJob): Promise<number> {
  const skippedBatches = new Map(job.skippedBatches);
  let { resolved } = job;
  const onChange: RunJob["onChange"] = (changed) => {
    resolved = { ...resolved, values: { ...resolved.values, ...changed } };
  };
  for (let current: RunJob = { ...job, onChange };;) {
    try {
      return await execute(current);
    } catch (error) {
      const skipped = job.named.pipeline.batchToSkip?.(error, skippedBatches) ?? null;
      if (skipped === null) throw error;
      const { batch, reason } = skipped;
      skippedBatches.set(batch, reason);
      const resumed = await exists(`${job.recordFolder}/checkpoints/latest`);
      job.console.err(
        `Skipping batch ${batch + 1} (${reason}): going back to ${
          resumed ? "the last checkpoint" : "the beginning, because there is no checkpoint yet"
        }`,
      );
      current = { ...job, onChange, resolved, checkpoint: null, resumed, skippedBatches };
    }
  }
}
