/**
 * Checkpoints on disk: a folder each, there whole or not at all.
 *
 * A checkpoint is written beside its place, synced, described by manifest.json (sizes and SHA-256 sums) and renamed;
 * then `latest` is made to name it. What a crash leaves behind is either not under a checkpoint's name or whole.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { readSafetensors, writeSafetensors } from "../format/safetensors.ts";
import { asError } from "./failure.ts";
import type { Barrier, Checkpoints, Json, Part } from "./saved.ts";
import { decodeState, encodeState, isRecord } from "./state_json.ts";
import type { TensorMap } from "../../kernels/core/tensor.ts";

/** What has just been written. */
export type Committed = Readonly<{ step: number; path: string; seconds: number }>;

/** How checkpoints are kept. */
export interface CheckpointFolderOptions {
  /** The newest so many stay; 0: all. Default 3. */
  readonly keep?: number;
  onCommit?(committed: Committed): void;
  /** A damaged checkpoint was passed over: which, why, and what is taken instead. */
  onDamage?(text: string): void;
}

const FORMAT = 1;
const NAME = /^(step|items)-(\d{6,})(\.old)?$/;
const FILE = /^[\w-][\w.-]*$/; // no separators: names from a manifest never leave the folder

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
  const beside = `${dir}/writing-${name}`;
  try {
    await removeIfThere(beside);
    await Deno.mkdir(beside);
    await writeParts(beside, barrier.parts);
    await moveIntoPlace(dir, { beside, name });
  } catch (cause) {
    await removeIfThere(beside).catch(() => {}); // the disk may be full or gone: the first error is the one to tell
    throw new Error(
      `Cannot write checkpoint ${dir}/${name}: ${
        asError(cause).message
      }: make room or rights there, then run again: it goes on from the checkpoint before`,
      { cause },
    );
  }
  await writeWhole(`${dir}/latest`, `${name}\n`);
  await prune(dir, { current: name, keep: options.keep ?? 3 });
  options.onCommit?.({ step, path: `${dir}/${name}`, seconds: (performance.now() - began) / 1000 });
}

async function writeParts(folder: string, parts: ReadonlyMap<string, Part>): Promise<void> {
  const tensors = new Map<string, TensorMap>();
  const stream: Record<string, Json> = {};
  for (const [name, part] of parts) stream[name] = encodeState(part, tensors);
  for (const [file, map] of tensors) {
    if (!FILE.test(file)) {
      throw new TypeError(`Cannot name a file ${JSON.stringify(file)}: use letters, digits, - and .`);
    }
    await writeSafetensors(`${folder}/${file}.safetensors`, map);
  }
  await writeSynced(
    `${folder}/stream.json`,
    `${JSON.stringify({ format: FORMAT, parts: stream }, null, 1)}\n`,
  );
  const files: Record<string, Json> = {};
  for (const { name } of await Array.fromAsync(Deno.readDir(folder))) {
    files[name] = await digest(`${folder}/${name}`);
  }
  await writeSynced(`${folder}/manifest.json`, `${JSON.stringify({ format: FORMAT, files }, null, 1)}\n`);
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
  const order = [...names.filter((name) => name === first), ...names.filter((name) => name !== first)];
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

/**
 * Reads one checkpoint, every file checked against the manifest first. Throws Deno.errors.InvalidData where a file is
 * missing, cut short or changed, Deno.errors.NotFound where there is no manifest.
 */
export async function readCheckpoint(folder: string): Promise<ReadonlyMap<string, Part>> {
  const manifest = await readJson(`${folder}/manifest.json`);
  const files = isRecord(manifest) && manifest.format === FORMAT && isRecord(manifest.files)
    ? manifest.files
    : null;
  if (files === null) {
    throw new Deno.errors.InvalidData(`${folder}/manifest.json is not a manifest of this version`);
  }
  const tensors = new Map<string, TensorMap>();
  for (const [name, wanted] of Object.entries(files)) {
    if (!FILE.test(name)) {
      throw new Deno.errors.InvalidData(`the manifest names ${JSON.stringify(name)}, not a file of it`);
    }
    const path = `${folder}/${name}`;
    const found = await digest(path).catch((cause) => {
      throw new Deno.errors.InvalidData(`${name} cannot be read: ${asError(cause).message}`, { cause });
    });
    if (JSON.stringify(found) !== JSON.stringify(wanted)) {
      throw new Deno.errors.InvalidData(
        `${name} is not what was written: ${show(found)}, wanted ${show(wanted)}`,
      );
    }
    if (name.endsWith(".safetensors")) {
      tensors.set(name.slice(0, -".safetensors".length), await readSafetensors(path));
    }
  }
  const stream = await readJson(`${folder}/stream.json`);
  if (!isRecord(stream) || !isRecord(stream.parts)) {
    throw new Deno.errors.InvalidData("stream.json holds no parts");
  }
  const parts = new Map<string, Part>();
  for (const [name, json] of Object.entries(stream.parts)) {
    const part = decodeState(json, tensors);
    if (!isPart(part)) throw new Deno.errors.InvalidData(`stream.json holds no state for ${name}`);
    parts.set(name, part);
  }
  return parts;
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

async function digest(path: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash("sha256");
  let bytes = 0;
  using file = await Deno.open(path);
  const chunk = new Uint8Array(1 << 20);
  for (let read = await file.read(chunk); read !== null; read = await file.read(chunk)) {
    hash.update(chunk.subarray(0, read));
    bytes += read;
  }
  return { bytes, sha256: hash.digest("hex") };
}

function show(file: unknown): string {
  return isRecord(file)
    ? `${file.bytes} bytes, SHA-256 ${String(file.sha256).slice(0, 12)}…`
    : "no size and sum";
}

async function readJson(path: string): Promise<unknown> {
  const text = await Deno.readTextFile(path);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Deno.errors.InvalidData(`${path} is not JSON: ${asError(cause).message}`, { cause });
  }
}

function isPart(value: unknown): value is Part {
  return typeof value === "object" && value !== null && "state" in value;
}

async function writeSynced(path: string, text: string): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  const data = new TextEncoder().encode(text);
  for (let at = 0; at < data.length;) at += await file.write(data.subarray(at));
  await file.sync();
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
