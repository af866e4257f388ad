/**
 * Branches a run off another: the new run starts from a checkpoint of the other, in a folder of its own. Both
 * then know nothing of each other, but for an entry in the new run's history.
 *
 * @module
 */
import { basename, resolve as absolute } from "node:path";
import { copyFolder } from "../disk/copy_folder.ts";
import { readText } from "../disk/files.ts";
import { writeWhole } from "../disk/whole_files.ts";
import { numberOf } from "../flow/checkpoint/checkpoint_names.ts";
import { readRunFolder, type RunFolderState, writeRecord } from "./folder.ts";
import { LOCK_NAME } from "./own_folder.ts";
import { UsageError } from "./usage_error.ts";

/** Where a new run branches off. */
export interface Branch {
  /** Folder of the run that has the checkpoint. */
  readonly run: string;
  /** Folder of the checkpoint. */
  readonly checkpoint: string;
}

/** Returns the branch at a checkpoint of a run, or at its newest one if `checkpoint` is null. */
export async function branchAt(run: string, checkpoint: string | null): Promise<Branch> {
  if (checkpoint !== null) return { run, checkpoint };
  const name = (await readText(`${run}/checkpoints/latest`)).trim();
  return { run, checkpoint: `${run}/checkpoints/${basename(name)}` };
}

/** Returns whether the run in a folder was branched off here, by the same command given before. */
export function isBranchedAt({ record }: RunFolderState, { checkpoint }: Branch): boolean {
  return (record?.history ?? []).some(({ from }) =>
    from !== undefined && absolute(from) === absolute(checkpoint)
  );
}

/**
 * Copies what the checkpoint's run has in its folder to the folder `to`, with this checkpoint alone. The run
 * that is resumed there cuts its files back to the checkpoint. The file config.json is written last, so that
 * a copy that was interrupted is made again.
 *
 * Throws UsageError if the run is no longer there, and the errors of `fileError`.
 */
export async function copyRun({ run, checkpoint }: Branch, to: string): Promise<void> {
  const { record } = await readRunFolder(run);
  if (record === null) throw new UsageError(`Cannot resume from ${checkpoint}: ${run} holds no run`);
  const name = basename(checkpoint);
  await copyFolder(run, to, { without: ["checkpoints", "config.json", "report.html", LOCK_NAME] });
  await copyFolder(checkpoint, `${to}/checkpoints/${name}`);
  await writeWhole(`${to}/checkpoints/latest`, `${name}\n`);
  const origin = { step: Math.max(0, numberOf(name)), from: checkpoint };
  await writeRecord(to, { ...record, history: [...record.history ?? [], origin] });
}
