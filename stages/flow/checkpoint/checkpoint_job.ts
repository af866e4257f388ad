/**
 * Writing one checkpoint: beside its place, synced, described by manifest.json and renamed; then `latest` is made to name
 * it and `best` the one of least validation loss. What a crash leaves behind is either not under a checkpoint's name or
 * whole.
 *
 * @module
 */
import { type EncodedCheckpoint, validationLossOf, writeCheckpoint } from "./checkpoint_files.ts";
import { checkpointNames, numberOf } from "./checkpoint_names.ts";
import { checkFreeSpace } from "./disk_space.ts";
import { exists, removeIfThere, syncFolder, writeWhole } from "../../disk/whole_files.ts";
import { entriesIn } from "../../disk/files.ts";

/** What is written where: plain data, so that it can go to another thread. */
export interface CheckpointJob {
  readonly dir: string;
  readonly name: string;
  /** The newest so many stay, and the best; 0: all. */
  readonly keep: number;
  /** Of its weights, where it is known. */
  readonly valLoss: number | null;
  readonly encoded: EncodedCheckpoint;
}

const WRITING = "writing-";

/** Writes it, then removes what need not stay. Throws what the disk says, the checkpoints before it untouched. */
export async function writeJob({ dir, name, keep, valLoss, encoded }: CheckpointJob): Promise<void> {
  const beside = `${dir}/${WRITING}${name}`;
  try {
    await checkFreeSpace(dir, bytesOf(encoded));
    await removeIfThere(beside);
    await Deno.mkdir(beside);
    await writeCheckpoint(beside, encoded, { valLoss });
    await moveIntoPlace(dir, { beside, name });
    await writeWhole(`${dir}/latest`, `${name}\n`);
  } catch (error) {
    await removeIfThere(beside).catch(() => {}); // the disk may be full or gone: the first error is the one to tell
    throw error;
  }
  await prune(dir, { current: name, keep });
}

function bytesOf({ stream, tensors }: EncodedCheckpoint): number {
  let bytes = stream.length;
  for (const map of tensors.values()) for (const { data } of Object.values(map)) bytes += data.byteLength;
  return bytes;
}

/** The same step may be there already, from a run that was stopped right after it: it stays until the new one stands. */
async function moveIntoPlace(
  dir: string,
  { beside, name }: { readonly beside: string; readonly name: string },
): Promise<void> {
  const place = `${dir}/${name}`, old = `${place}.old`;
  if (await exists(place)) {
    await removeIfThere(old);
    await Deno.rename(place, old);
  }
  await Deno.rename(beside, place);
  await syncFolder(dir);
  await removeIfThere(old);
}

/**
 * Removes what is older than the newest `keep` and not the best, and what is of a future that was given up by going back.
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
    if (name.startsWith(WRITING)) await removeIfThere(`${dir}/${name}`); // left by a run that was killed
  }
}

/** The checkpoint of least validation loss, the older of equal ones; null where none was evaluated. */
async function bestOf(dir: string, names: readonly string[]): Promise<string | null> {
  let best: { readonly name: string; readonly loss: number } | null = null;
  for (const name of names) {
    const loss = await validationLossOf(`${dir}/${name}`);
    if (loss !== null && (best === null || loss <= best.loss)) best = { name, loss };
  }
  return best === null ? null : best.name;
}
