/**
 * What says which files of a run are in its object store: `store.json`, as an object beside the run's
 * config.json, and as a file in the working folder.
 *
 * @module
 */
import { isRecord } from "../../disk/json.ts";
import { readIfThere, writeWhole } from "../../disk/whole_files.ts";

/** Name of the object and of the file. */
export const STORE_FILE = "store.json";

/** A run's place in the store and on this machine. */
export interface StorePlace {
  /** Address of the run, without a slash at its end. */
  readonly url: string;
  /** The working folder. */
  readonly folder: string;
  /** Path of the record folder in both: "", or "ranks/00003/". */
  readonly within: string;
}

/** The folder on this machine that holds the run's config.json. */
export function recordFolderOf({ folder, within }: StorePlace): string {
  return `${folder}/${within}`.replace(/\/$/, "");
}

/** The process that writes a run to the store. */
export interface StoreOwner {
  /** Drawn by the process when it starts. */
  readonly process: string;
  /** Drawn for the working folder when it is made. */
  readonly folder: string;
  readonly pid: number;
  /** Name of the machine; empty without the permission to ask for it. */
  readonly host: string;
  /** Time at which the process claimed the run, in ISO 8601. */
  readonly since: string;
}

/** The object: a complete state of the run, to which a resume on another machine goes back. */
export interface StoreManifest {
  readonly owner: StoreOwner;
  /** Paths of the run's files, as keys after the run's address. */
  readonly files: readonly string[];
}

/** What tells whether a file is still the one that was uploaded or downloaded. */
export interface FileMark {
  readonly bytes: number;
  /** Time of the last change in milliseconds since 1970; 0 where the system has none. */
  readonly modified: number;
  /** The file's number on its disk; 0 where the system has none. */
  readonly inode: number;
  /** ETag of the object, for a file that was downloaded. */
  readonly etag?: string;
}

/** The file in the working folder. */
export interface StoreState {
  readonly folder: string;
  /** Files that are in the store as they are here. */
  readonly files: Readonly<Record<string, FileMark>>;
}

/** Text of the object. */
export function manifestText({ owner, files }: StoreManifest): string {
  return `${JSON.stringify({ format: 1, owner, files }, null, 1)}\n`;
}

/** Reads the object's text. Throws Deno.errors.InvalidData, which names `uri`, for any other text. */
export function parseManifest(text: string, uri: string): StoreManifest {
  const value = parsed(text);
  if (isRecord(value) && value.format === 1 && isOwner(value.owner) && isPaths(value.files)) {
    return { owner: value.owner, files: value.files };
  }
  throw new Deno.errors.InvalidData(
    `Cannot use ${uri}: it was not written by this version of the program: give another --out`,
  );
}

/** Reads the file of a working folder; null if it has none. */
export async function readStoreState(folder: string): Promise<StoreState | null> {
  const value = parsed(await readIfThere(`${folder}/${STORE_FILE}`) ?? "null");
  if (!isRecord(value) || typeof value.folder !== "string" || !isRecord(value.files)) return null;
  const marks = Object.entries(value.files).flatMap(([path, mark]) =>
    isMark(mark) ? [[path, mark] as const] : []
  );
  return { folder: value.folder, files: Object.fromEntries(marks) };
}

/** Writes the file of a working folder. */
export async function writeStoreState(folder: string, state: StoreState): Promise<void> {
  await writeWhole(`${folder}/${STORE_FILE}`, `${JSON.stringify(state, null, 1)}\n`);
}

/** The mark of a file as it is now. */
export function markOf({ size, mtime, ino }: Deno.FileInfo): FileMark {
  return { bytes: size, modified: mtime?.getTime() ?? 0, inode: ino ?? 0 };
}

/** The mark of an object of which nothing is known but that it may be there: it is no file's. */
export const unknownMark: FileMark = { bytes: -1, modified: 0, inode: 0 };

/** Whether a file has not changed since it was marked. */
export function isSame(a: FileMark | undefined, b: FileMark): boolean {
  return a !== undefined && a.bytes === b.bytes && a.modified === b.modified && a.inode === b.inode;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isOwner(value: unknown): value is StoreOwner {
  return isRecord(value) &&
    ["process", "folder", "host", "since"].every((key) => typeof value[key] === "string") &&
    typeof value.pid === "number";
}

/** Whether a value lists paths that stay in their folder. */
function isPaths(value: unknown): value is readonly string[] {
  return Array.isArray(value) &&
    value.every((path) =>
      typeof path === "string" && path !== "" && !/^\/|(^|\/)\.\.?(\/|$)|\\|^[a-z]:/i.test(path)
    );
}

function isMark(value: unknown): value is FileMark {
  return isRecord(value) && ["bytes", "modified", "inode"].every((key) => typeof value[key] === "number");
}
