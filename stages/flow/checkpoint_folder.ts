/**
 * Checkpoints on disk: a folder each, there whole or not at all.
 *
 * A checkpoint is written beside its place, synced, described by manifest.json (sizes and SHA-256 sums) and renamed;
 * then `latest` is made to name it. What a crash leaves behind is either not under a checkpoint's name or whole.
 *
 * @module
 */
import { readCheckpoint, writeCheckpoint, writeSynced } from "./checkpoint_files.ts";
import { asError } from "./failure.ts";
import type { Barrier, Checkpoints, Part } from "./saved.ts";
import { isRecord } from "./state_json.ts";

/** What has just been written. */
export type Committed = Readonly<{ step: number; path: string; seconds: number }>;

/** How checkpoints are kept. */
export interface CheckpointFolderOptions {
  /** The newest so many stay; 0: all. Default 3. */
  readonly keep?: number;
  /** Hears of each checkpoint once it is complete. */
  onCommit?(committed: Committed): void;
  /** A damaged checkpoint was passed over: which, why, and what is taken instead. */
  onDamage?(text: string): void;
}

const WRITING = "writing-";
const NAME = /^(step|items)-(\d{6,})(\.old)?$/;

/**
 * Checkpoints in `dir`, made if missing: `step-000200` where a stage's state has a `step`, else `items-000512` by items
 * of the source. `latest()` gives the one that the file `latest` names, or the newest whole one. Writing throws what
 * the disk says, the checkpoints before it untouched.
 */
export async function openCheckpoints(
  dir: string,
  options: CheckpointFolderOptions = {},
): Promise<Checkpoints> {
  await Deno.mkdir(dir, { recursive: true });
  return {
    commit: (barrier) => commit(dir, barrier, options),
    latest: () => latest(dir, options),
  };
}

async function commit(dir: string, barrier: Barrier, options: CheckpointFolderOptions): Promise<void> {
  const began = performance.now();
  const { name, step } = nameOf(barrier.parts);
  const beside = `${dir}/${WRITING}${name}`;
  try {
    await removeIfThere(beside);
    await Deno.mkdir(beside);
    await writeCheckpoint(beside, barrier.parts);
    await moveIntoPlace(dir, { beside, name });
    await writeWhole(`${dir}/latest`, `${name}\n`);
  } catch (cause) {
    await removeIfThere(beside).catch(() => {}); // the disk may be full or gone: the first error is the one to tell
    throw new Error(
      `Cannot write checkpoint ${dir}/${name}: ${
        asError(cause).message
      }: make room or rights there, then run again: it goes on from the checkpoint before`,
      { cause },
    );
  }
  await prune(dir, { current: name, keep: options.keep ?? 3 });
  options.onCommit?.({ step, path: `${dir}/${name}`, seconds: (performance.now() - began) / 1000 });
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

async function latest(
  dir: string,
  { onDamage = () => {} }: CheckpointFolderOptions,
): Promise<ReadonlyMap<string, Part> | null> {
  const names = await checkpointNames(dir);
  const named = await readIfThere(`${dir}/latest`);
  const first = named?.trim();
  // The one named may have been chosen by going back to it: what is newer than it then belongs to a future given up.
  const at = names.findIndex((name) => name === first);
  const order = [...names.slice(Math.max(at, 0)), ...names.slice(0, Math.max(at, 0))];
  const damaged: string[] = [];
  for (const name of order) {
    try {
      const parts = await readCheckpoint(`${dir}/${name}`);
      if (damaged.length > 0) onDamage(`${damaged.join("; ")}: going on from ${name}`);
      return parts;
    } catch (error) {
      damaged.push(`Checkpoint ${dir}/${name} cannot be used: ${asError(error).message}`);
    }
  }
  if (damaged.length === 0) return null;
  throw new Deno.errors.InvalidData(`${damaged.join("; ")}: begin anew with --resume never`);
}

/** Newest first; those that stand in for one being replaced come after it. */
async function checkpointNames(dir: string): Promise<string[]> {
  const names = (await Array.fromAsync(Deno.readDir(dir))).map((entry) => entry.name).filter((n) =>
    NAME.test(n)
  );
  return names.sort((a, b) => numberOf(b) - numberOf(a) || a.length - b.length);
}

/** Removes what is older than the newest `keep`, and what is of a future that was given up by going back. */
async function prune(
  dir: string,
  { current, keep }: { readonly current: string; readonly keep: number },
): Promise<void> {
  const names = await checkpointNames(dir);
  const past = names.filter((name) => numberOf(name) <= numberOf(current));
  const kept = new Set(keep === 0 ? past : past.slice(0, keep));
  for (const name of names) if (!kept.has(name)) await removeIfThere(`${dir}/${name}`);
  for await (const { name } of Deno.readDir(dir)) {
    if (name.startsWith(WRITING)) await removeIfThere(`${dir}/${name}`); // left by a run that was killed
  }
}

function nameOf(parts: ReadonlyMap<string, Part>): { name: string; step: number } {
  for (const { state } of parts.values()) {
    if (!isRecord(state) || typeof state.step !== "number") continue;
    return { name: `step-${String(state.step).padStart(6, "0")}`, step: state.step };
  }
  const [source] = parts.values();
  const items = source?.counts?.out ?? 0;
  return { name: `items-${String(items).padStart(6, "0")}`, step: items };
}

function numberOf(name: string): number {
  return Number(NAME.exec(name)?.[2] ?? -1);
}

async function writeWhole(path: string, text: string): Promise<void> {
  await writeSynced(`${path}.part`, text);
  await Deno.rename(`${path}.part`, path);
}

/** So that a rename outlives a power cut; not every system lets a folder be opened for it. */
async function syncFolder(dir: string): Promise<void> {
  try {
    using folder = await Deno.open(dir);
    await folder.sync();
  } catch {
    // Windows and some network file systems: the rename is still whole or not there at all.
  }
}

async function readIfThere(path: string): Promise<string | null> {
  return await Deno.readTextFile(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  });
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, (error) => {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  });
}

async function removeIfThere(path: string): Promise<void> {
  await Deno.remove(path, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}
