/**
 * A run's folder: its config.json, how far the run got, and its checkpoints.
 *
 * @module
 */
import { disk } from "../disk/disk.ts";
import { basename, dirname, resolve as absolute } from "node:path";
import { explained, fileError, isWrongPath } from "../disk/file_error.ts";
import { makeFolder, readText } from "../disk/files.ts";
import type { Json } from "../disk/json.ts";
import { exists, writeWhole, writeWholeSync } from "../disk/whole_files.ts";
import { lastEvent } from "../report/metrics.ts";
import type { HistoryEntry } from "./history.ts";
import { hasOwnPage, hasRunLock, RANKS_FOLDER } from "./own_folder.ts";
import { PHASES_FILE } from "./phases_file.ts";
import { STORE_FILE } from "./store/store_files.ts";
import { UsageError } from "./usage_error.ts";
import { withoutEndSlash } from "../disk/paths.ts";

/** The content of config.json. */
export interface RunRecord {
  readonly pipeline: string;
  /** Values of all options; the key is the option's name. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The device that the run last used, as the engine names it; absent if no engine was opened. */
  readonly device?: string;
  readonly seed: number;
  readonly workers: number;
  readonly versions: Readonly<Record<string, string>>;
  /** What has changed since the run was started, oldest first; absent if nothing has. */
  readonly history?: readonly HistoryEntry[];
}

/** What was found in a folder. */
export interface RunFolderState {
  /** Content of config.json; null if the folder holds no run. */
  readonly record: RunRecord | null;
  /** Whether there is something to resume: a checkpoint, or a run with phases that has begun. */
  readonly hasCheckpoint: boolean;
  /** Whether the flow reached its end. */
  readonly finished: boolean;
  /** Whether the folder holds files but no run, not even the beginning of one. */
  readonly foreign: boolean;
}

/** Reads the state of a folder, which need not exist. Throws UsageError if config.json cannot be read. */
export async function readRunFolder(out: string): Promise<RunFolderState> {
  let entries: string[] = [];
  try {
    entries = (await Array.fromAsync(Deno.readDir(out))).map((entry) => entry.name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw unusable(out, error);
  }
  const record = entries.includes("config.json") ? await readRecord(`${out}/config.json`) : null;
  const last = record === null ? null : await lastEvent(`${out}/metrics.jsonl`);
  return {
    record,
    hasCheckpoint: record !== null &&
      (await exists(`${out}/checkpoints/latest`) || await exists(`${out}/${PHASES_FILE}`)),
    finished: last?.type === "done" && last.reason === "finished",
    foreign: record === null && entries.length > 0 && !entries.includes(RANKS_FOLDER) &&
      !entries.includes(STORE_FILE) && !await hasRunLock(out) && !await hasOwnPage(out),
  };
}

/** Throws UsageError if the folder holds other files and no run. */
export function requireOwn({ foreign }: RunFolderState, folder: string): void {
  if (!foreign) return;
  throw new UsageError(
    `Cannot start a run in ${folder}: it holds other files and no run: give an empty --out, or move the files`,
  );
}

/** Makes the run's folder, or a folder in it. Throws UsageError if it cannot be made. */
export async function makeRunFolder(path: string): Promise<void> {
  try {
    await makeFolder(path);
  } catch (error) {
    throw unusable(path, error);
  }
}

/** Returns a UsageError if the path is wrong, or another error for a failure such as a full disk. */
function unusable(path: string, error: unknown): Error {
  const hint = "give another --out";
  const cause = explained(fileError(error, { action: "use", path, hint }), () => hint);
  return isWrongPath(cause) ? new UsageError(cause.message, { cause }) : cause;
}

/** Writes config.json. */
export async function writeRecord(out: string, record: RunRecord): Promise<void> {
  await writeWhole(`${out}/config.json`, `${JSON.stringify(record, null, 2)}\n`);
}

/** Synchronous version of `writeRecord`. */
export function writeRecordSync(out: string, record: RunRecord): void {
  writeWholeSync(`${out}/config.json`, `${JSON.stringify(record, null, 2)}\n`);
}

/** Renames a run's folder to the first free name among `<out>.1`, `<out>.2`, …; returns the new path. */
export async function moveAside(out: string): Promise<string> {
  for (let n = 1;; n++) {
    const target = `${out}.${n}`;
    if (await exists(target)) continue;
    await disk.rename(out, target);
    return target;
  }
}

/**
 * Returns the run's folder and the checkpoint for `--resume PATH`. PATH is a checkpoint or a run's folder;
 * for a run's folder, `checkpoint` is null, which means the newest. Throws UsageError if there is no
 * checkpoint.
 */
export async function findCheckpoint(path: string): Promise<{ out: string; checkpoint: string | null }> {
  const trimmed = withoutEndSlash(path);
  const hint = "give --resume auto, never, a run's folder or one of its checkpoints/step-…";
  try {
    await Deno.stat(trimmed);
  } catch (error) {
    const cause = fileError(error, { action: "resume from", path, hint });
    throw isWrongPath(cause) ? new UsageError(cause.message, { cause }) : cause;
  }
  if (await exists(`${trimmed}/${PHASES_FILE}`)) return { out: trimmed, checkpoint: null };
  if (await exists(`${trimmed}/checkpoints/latest`)) return { out: trimmed, checkpoint: null };
  if (await exists(`${trimmed}/latest`)) return { out: dirname(trimmed), checkpoint: null };
  if (await exists(`${trimmed}/manifest.json`)) {
    const parent = dirname(absolute(trimmed));
    if (basename(parent) === "checkpoints") {
      const given = dirname(dirname(trimmed));
      const out = absolute(given) === dirname(parent) ? given : dirname(parent);
      return { out, checkpoint: trimmed };
    }
  }
  throw new UsageError(`Cannot resume from ${path}: there is no checkpoint in it: ${hint}`);
}

/** Option values as plain data. */
export function asJson(values: Readonly<Record<string, unknown>>): Record<string, Json> {
  return JSON.parse(JSON.stringify(values));
}

async function readRecord(path: string): Promise<RunRecord> {
  try {
    const record = JSON.parse(await readText(path));
    if (
      typeof record?.pipeline === "string" && typeof record.options === "object" && record.options !== null
    ) {
      return record;
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new UsageError(
    `Cannot read ${path}: it is not a run's configuration: give another --out, or remove the file`,
  );
}
