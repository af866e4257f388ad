/**
 * Resumes a run without the batch that made it fail.
 *
 * @module
 */
import { goBack } from "../../../stages/flow/checkpoint/go_back.ts";
import { type LiveWishes, startLive } from "../../../stages/run/start_live.ts";
import { execute } from "./execute.ts";
import type { RunJob } from "./run_job.ts";

/**
 * Executes a run. If the run fails and the pipeline names a batch to skip, the run resumes from its last
 * checkpoint, or from an earlier one that the pipeline asks for, as if the command had been given again, and
 * skips that batch. Returns and throws the same as
 * `execute()`.
 */
export async function executeWithRollback(job: RunJob): Promise<number> {
  const own = await startLive(liveWishes(job));
  try {
    return await executeUntilEnd({ ...job, live: job.live ?? own });
  } finally {
    await own?.close();
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
      const { batch, reason, before = Infinity } = skipped, folder = `${job.recordFolder}/checkpoints`;
      skippedBatches.set(batch, reason);
      const checkpoint = await goBack(folder, before), resumed = checkpoint !== null;
      job.console.err(
        `Skipping batch ${batch + 1} (${reason}): going back to ${
          resumed ? `the checkpoint ${checkpoint}` : "the beginning, because no checkpoint is from before"
        }`,
      );
      current = { ...job, onChange, resolved, checkpoint: null, resumed, skippedBatches };
    }
  }
}
