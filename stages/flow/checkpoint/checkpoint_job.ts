/**
 * Writes one checkpoint into a folder `writing-…`, syncs it and renames it to its final name. Then updates
 * the file `latest`, which names this checkpoint, and the file `best`, which names the checkpoint with the
 * lowest validation loss. Even after a crash, every folder with a checkpoint's name is therefore complete.
 *
 * @module
 */
import { disk } from "../../disk/disk.ts";
import { entriesIn } from "../../disk/files.ts";
import { syncFolder } from "../../disk/folder_sync.ts";
import { exists, removeIfThere, writeWhole } from "../../disk/whole_files.ts";
import {
  type EncodedCheckpoint,
  setValidationLoss,
  validationLossOf,
  writeCheckpoint,
} from "./checkpoint_files.ts";
import { checkpointNames, numberOf } from "./checkpoint_names.ts";
import { checkFreeSpace } from "./disk_space.ts";

/** What to write and where; plain data that can be sent to another thread. */
export interface CheckpointJob {
  readonly dir: string;
  readonly name: string;
  /** Number of newest checkpoints to keep, besides the best one. 0 keeps all. */
  readonly keep: number;
  /** Validation losses measured so far, with the step of the weights. */
  readonly losses: readonly (readonly [step: number, loss: number])[];
  readonly encoded: EncodedCheckpoint;
}

const WRITING = "writing-";

/** Writes a checkpoint, then removes old ones. If it throws, the earlier checkpoints are untouched. */
export async function writeJob({ dir, name, keep, losses, encoded }: CheckpointJob): Promise<void> {
  const beside = `${dir}/${WRITING}${name}`;
  try {
    await checkFreeSpace(dir, bytesOf(encoded));
    await removeIfThere(beside);
    await disk.mkdir(beside);
    const byStep = new Map(losses);
    await writeCheckpoint(beside, encoded, { valLoss: byStep.get(numberOf(name)) ?? null });
    await addLosses(dir, byStep);
    await syncFolder(beside);
    await moveIntoPlace(dir, { beside, name });
    await writeWhole(`${dir}/latest`, `${name}\n`);
  } catch (error) {
    await removeIfThere(beside).catch(() => {}); // if this fails too, the first error counts
    throw error;
  }
  await prune(dir, { current: name, keep });
}

/** Adds the loss to checkpoints that were written before their weights were evaluated. */
async function addLosses(dir: string, losses: ReadonlyMap<number, number>): Promise<void> {
  for (const name of await checkpointNames(dir)) {
    const loss = losses.get(numberOf(name));
    if (loss !== undefined) await setValidationLoss(`${dir}/${name}`, loss);
  }
}

function bytesOf({ stream, tensors }: EncodedCheckpoint): number {
  let bytes = stream.length;
  for (const map of tensors.values()) for (const { data } of Object.values(map)) bytes += data.byteLength;
  return bytes;
}

/** Renames the new checkpoint. An older checkpoint of the same step is kept until then. */
async function moveIntoPlace(
  dir: string,
  { beside, name }: { readonly beside: string; readonly name: string },
): Promise<void> {
  const place = `${dir}/${name}`, old = `${place}.old`;
  if (await exists(place)) {
    await removeIfThere(old);
    await disk.rename(place, old);
  }
  await disk.rename(beside, place);
  await syncFolder(dir);
  await removeIfThere(old);
}

/**
 * Removes all checkpoints except the newest `keep` and the best. Also removes checkpoints of later steps,
 * which belong to a run that was abandoned when an earlier checkpoint was resumed.
 */
async function prune(
  dir: string,
  { current, keep }: { readonly current: string; readonly keep: number },
): Promise<void> {
  const names = await checkpointNames(dir);
  const past = names.filter((name) => numberOf(name) <= numberOf(current));
  const best = await bestOf(dir, past);
  if (best !== null) await writeWhole(`${dir}/best`, `${best}\n`);
  const kept = new Set(keep === 0 ? past : [...past.slice(0, keep), best]);
  for (const name of names) if (!kept.has(name)) await removeIfThere(`${dir}/${name}`);
  for (const { name } of await entriesIn(dir)) {
    if (name.startsWith(WRITING)) await removeIfThere(`${dir}/${name}`); // left by a killed run
  }
}

/**
 * Returns the checkpoint with the lowest validation loss, and the older one if two are equal, or null if no
 * loss is known.
 */
async function bestOf(dir: string, names: readonly string[]): Promise<string | null> {
  let best: { readonly name: string; readonly loss: number } | null = null;
  for (const name of names) {
    const loss = await validationLossOf(`${dir}/${name}`);
    if (loss !== null && (best === null || loss <= best.loss)) best = { name, loss };
  }
  return best === null ? null : best.name;
}
