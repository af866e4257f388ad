/**
 * Checks, before a run starts, that the disk has room for its checkpoints: otherwise the run could fail after
 * hours of training.
 *
 * @module
 */
import { dirname, resolve } from "node:path";
import { freeBytes } from "../../stages/flow/checkpoint/disk_space.ts";
import type { Plan } from "../../stages/model/plan.ts";
import type { Env } from "../cli/pipeline.ts";

/**
 * Emits a note if the disk cannot hold all checkpoints that will be kept. Throws RangeError if it cannot even
 * hold two, because the previous checkpoint is kept until the next one is complete.
 */
export async function checkCheckpointSpace(
  env: Pick<Env, "out" | "emit">,
  { plan: { memory }, keep }: { readonly plan: Pick<Plan, "memory">; readonly keep: number },
): Promise<void> {
  const each = memory.parameter + memory.optimizer;
  const free = await freeBytesAt(resolve(env.out));
  if (free === null) return;
  if (free < 2 * each) {
    throw new RangeError(
      `Cannot keep checkpoints in ${env.out}: two of ${
        megabytes(each)
      } must fit, one while the next is written, and ` +
        `${megabytes(free)} are free there: make room or give --out on another disk`,
    );
  }
  const most = keep + 2; // plus the best one and the one being written
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

/**
 * Returns the number of free bytes on the disk that holds a path; the path need not exist yet. Returns null
 * if the number is unknown.
 */
async function freeBytesAt(path: string): Promise<number | null> {
  for (let folder = path;; folder = dirname(folder)) {
    const free = await freeBytes(folder);
    if (free !== null || folder === dirname(folder)) return free;
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
