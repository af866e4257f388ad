/**
 * The checkpoints of a run's folder.
 *
 * @module
 */
import { basename } from "node:path";
import { type Checkpoints, openCheckpoints } from "../../stages/flow/checkpoint.ts";
import { writeWhole } from "./run_folder.ts";

/** Where a run keeps its checkpoints, and which one it goes on from. */
export interface CheckpointOptions {
  /** How many are kept, the newest; 0: all. */
  readonly keep: number;
  /** The folder of the one to go on from; null: the newest. */
  readonly from: string | null;
}

/** Opens `<out>/checkpoints`; going back to one makes it the latest. */
export async function checkpointsIn(out: string, { keep, from }: CheckpointOptions): Promise<Checkpoints> {
  const folder = `${out}/checkpoints`;
  if (from !== null) await writeWhole(`${folder}/latest`, `${basename(from)}\n`);
  return await openCheckpoints(folder, { keep });
}
