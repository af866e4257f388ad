/**
 * Whether the disk has room for a run's checkpoints: asked before the run begins, not when hours of training are to be
 * saved.
 *
 * @module
 */
import { dirname, resolve } from "node:path";
import { freeBytes } from "../../stages/flow/checkpoint/disk_space.ts";
import type { Plan } from "../../stages/model/plan.ts";
import type { Env } from "../cli/pipeline.ts";

/**
 * Emits a note where not all that are kept will fit. Throws RangeError where not even two would: one must be whole while
 * the next is written.
 */
export async function checkCheckpointSpace(
  env: Pick<Env, "out" | "emit">,
  { plan: { memory }, keep }: { readonly plan: Pick<Plan, "memory">; readonly keep: number },
): Promise<void> {
  const each = memory.parameter + memory.optimizer;
  const free = await freeWhere(resolve(env.out));
  if (free === null) return;
  if (free < 2 * each) {
    throw new RangeError(
      `Cannot keep checkpoints in ${env.out}: one takes ${
        megabytes(each)
      }, the next is written beside it, and ` +
        `${megabytes(free)} are free there: make room or give --out on another disk`,
    );
  }
  const most = keep + 2; // the best one, and the one being written
  if (keep > 0 && free >= most * each) return;
  if (keep === 0 && free >= 100 * each) return;
  env.emit({
    type: "note",
    text:
      `Checkpoints take ${megabytes(each)} each${
        keep === 0 ? " and all are kept" : `, ${most} of them at most`
      }: ` +
      `${megabytes(free)} are free in ${env.out}`,
  });
}

/** The folder may not be there yet. */
async function freeWhere(path: string): Promise<number | null> {
  for (let folder = path;; folder = dirname(folder)) {
    const free = await freeBytes(folder);
    if (free !== null || folder === dirname(folder)) return free;
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
