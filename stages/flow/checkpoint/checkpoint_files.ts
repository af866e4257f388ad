/**
 * The files of one checkpoint: a safetensors file for each TensorFile, stream.json with all states, and
 * manifest.json with the size and SHA-256 sum of each file.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import { entriesIn, openFile, readText } from "../../disk/files.ts";
import { isRecord, type Json } from "../../disk/json.ts";
import { writeSynced, writeWhole } from "../../disk/whole_files.ts";
import { readSafetensors, writeSafetensors } from "../../format/model/safetensors.ts";
import { asError } from "../run/failure.ts";
import { checkFormat, checkpointFormat } from "./checkpoint_format.ts";
import { decodeState, encodeState } from "./state_json.ts";
import { type StageSnapshot, TensorFile } from "./types.ts";

const STREAM = "stream.json";
const FILE = /^[\w-][\w.-]*$/; // no path separators: a name in a manifest cannot lead out of the folder

/** The content of a checkpoint's files. */
export interface EncodedCheckpoint {
  /** Text of stream.json: all states. */
  readonly stream: string;
  /** Tensors of each safetensors file, keyed by the file's name without its extension. */
  readonly tensors: ReadonlyMap<string, TensorMap>;
}

/**
 * Encodes snapshots as files. Throws TypeError for an invalid file name, and the same errors as
 * `encodeState()`.
 */
export function encodeCheckpoint(
  snapshots: ReadonlyMap<string, StageSnapshot>,
): { readonly stream: string; readonly files: ReadonlyMap<string, TensorFile> } {
  const files = new Map<string, TensorFile>();
  const stream: Record<string, Json> = {};
  for (const [name, snapshot] of snapshots) stream[name] = encodeState(snapshot, files);
  for (const file of files.keys()) {
    if (FILE.test(file)) continue;
    throw new TypeError(`Cannot name a file ${JSON.stringify(file)}: expected letters, digits, - and .`);
  }
  return { stream: `${JSON.stringify({ format: checkpointFormat, parts: stream }, null, 1)}\n`, files };
}

/**
 * Writes a checkpoint's files into an empty folder and syncs each of them; manifest.json is written last. It
 * contains `valLoss`, the validation loss of the weights, which is null if unknown.
 */
export async function writeCheckpoint(
  folder: string,
  { stream, tensors }: EncodedCheckpoint,
  { valLoss }: { readonly valLoss: number | null },
): Promise<void> {
  for (const [file, map] of tensors) await writeSafetensors(`${folder}/${file}.safetensors`, map);
  await writeSynced(`${folder}/stream.json`, stream);
  const files: Record<string, Json> = {};
  for (const { name } of await entriesIn(folder)) {
    files[name] = await digest(`${folder}/${name}`);
  }
  const manifest = { format: checkpointFormat, ...(valLoss !== null && { valLoss }), files };
  await writeSynced(`${folder}/manifest.json`, `${JSON.stringify(manifest, null, 1)}\n`);
}

/**
 * Returns the validation loss in a checkpoint's manifest, or null if the manifest contains none or cannot be
 * read.
 */
export async function validationLossOf(folder: string): Promise<number | null> {
  try {
    const manifest = await readJson(`${folder}/manifest.json`);
    return isRecord(manifest) && typeof manifest.valLoss === "number" ? manifest.valLoss : null;
  } catch {
    return null; // a damaged checkpoint cannot be the best one
  }
}

/** Adds the validation loss to a checkpoint's manifest if it is sound and contains none. */
export async function setValidationLoss(folder: string, valLoss: number): Promise<void> {
  try {
    const { format, valLoss: known, ...rest } = JSON.parse(await readText(`${folder}/manifest.json`));
    if (known !== undefined) return;
    const manifest = { format, valLoss, ...rest };
    await writeWhole(`${folder}/manifest.json`, `${JSON.stringify(manifest, null, 1)}\n`);
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof Deno.errors.NotFound)) throw error;
  }
}

/**
 * Reads one checkpoint after checking every file against the manifest. Throws Deno.errors.InvalidData if a
 * file is missing, truncated or changed, Deno.errors.NotFound if there is no manifest, and
 * Deno.errors.NotSupported if the checkpoint has an older or newer format.
 *
 * @example
 * ```ts
 * import { from, openCheckpoints, readCheckpoint } from "@stagewise/gpt";
 *
 * const dir = await Deno.makeTempDir();
 * await from(["a", "b"]).run({ checkpoints: await openCheckpoints(dir) });
 * const states = await readCheckpoint(`${dir}/items-000002`);
 * console.log(states.get("items")?.state); // { next: 2 }
 * ```
 */
export async function readCheckpoint(folder: string): Promise<ReadonlyMap<string, StageSnapshot>> {
  const files = await readManifest(folder);
  const tensors = new Map<string, TensorFile>();
  for (const [name, wanted] of Object.entries(files)) {
    await checkFile(`${folder}/${name}`, wanted);
    if (name.endsWith(".safetensors")) {
      const file = name.slice(0, -".safetensors".length);
      tensors.set(file, new TensorFile(file, await readSafetensors(`${folder}/${name}`)));
    }
  }
  if (!Object.hasOwn(files, STREAM)) {
    throw new Deno.errors.InvalidData(`the manifest does not name ${STREAM}, so it cannot be checked`);
  }
  const stream = await readJson(`${folder}/${STREAM}`);
  if (!isRecord(stream) || !isRecord(stream.parts)) {
    throw new Deno.errors.InvalidData("stream.json holds no object parts with the states");
  }
  const snapshots = new Map<string, StageSnapshot>();
  for (const [name, json] of Object.entries(stream.parts)) {
    const snapshot = decodeState(json, tensors);
    if (!isSnapshot(snapshot)) throw new Deno.errors.InvalidData(`stream.json holds no state for ${name}`);
    snapshots.set(name, snapshot);
  }
  return snapshots;
}

/** Checks some files of a checkpoint against its manifest, for callers that read only these files. */
export async function checkFiles(folder: string, names: readonly string[]): Promise<void> {
  const files = await readManifest(folder);
  for (const name of names) await checkFile(`${folder}/${name}`, files[name]);
}

/** Returns the size and SHA-256 sum of each file, keyed by the file's name. */
async function readManifest(folder: string): Promise<Readonly<Record<string, Json>>> {
  const manifest = await readJson(`${folder}/manifest.json`);
  if (!isRecord(manifest)) throw new Deno.errors.InvalidData(`${folder}/manifest.json is not an object`);
  checkFormat(manifest.format, folder);
  if (!isRecord(manifest.files)) {
    throw new Deno.errors.InvalidData(`${folder}/manifest.json lists no files of a checkpoint`);
  }
  for (const name of Object.keys(manifest.files)) {
    if (FILE.test(name)) continue;
    throw new Deno.errors.InvalidData(
      `the manifest names ${JSON.stringify(name)}, which is no file of a checkpoint`,
    );
  }
  return manifest.files;
}

async function checkFile(path: string, wanted: unknown): Promise<void> {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const found = await digest(path).catch((cause) => {
    throw new Deno.errors.InvalidData(`${name} cannot be read: ${asError(cause).message}`, { cause });
  });
  if (JSON.stringify(found) === JSON.stringify(wanted)) return;
  throw new Deno.errors.InvalidData(
    `${name} is not the file that was written: it has ${show(found)}, expected ${show(wanted)}`,
  );
}

async function digest(path: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash("sha256");
  let bytes = 0;
  using file = await openFile(path);
  const chunk = new Uint8Array(1 << 20);
  for (let read = await file.read(chunk); read !== null; read = await file.read(chunk)) {
    hash.update(chunk.subarray(0, read));
    bytes += read;
  }
  return { bytes, sha256: hash.digest("hex") };
}

function show(file: unknown): string {
  return isRecord(file) ? `${file.bytes} bytes, SHA-256 ${String(file.sha256).slice(0, 12)}…` : "none";
}

async function readJson(path: string): Promise<Json> {
  const text = await readText(path);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Deno.errors.InvalidData(`${path} is not JSON: ${asError(cause).message}`, { cause });
  }
}

function isSnapshot(value: unknown): value is StageSnapshot {
  return typeof value === "object" && value !== null && "state" in value;
}
