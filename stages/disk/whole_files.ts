/**
 * Files that are there whole or not at all, also after a crash or a power cut: a file is written under
 * another name beside its place, synced, and renamed; then the folder is synced as well.
 *
 * All functions throw what `fileError` gives.
 *
 * @module
 */
import { dirname } from "node:path";
import { writeAll, writeAllSync } from "./exact_io.ts";
import { fileError, isMissing } from "./file_error.ts";

/** Whether something is at a path; a symbolic link counts by what it points to. */
export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw fileError(error, { action: "read", path });
  }
}

/** As `exists`, without a promise. */
export function existsSync(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw fileError(error, { action: "read", path });
  }
}

/** Whether a file, not a folder, is at a path. */
export function isFileSync(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (isMissing(error)) return false;
    throw fileError(error, { action: "read", path });
  }
}

/** The text of a file; null where there is none. */
export async function readIfThere(path: string): Promise<string | null> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (isMissing(error)) return null;
    throw fileError(error, { action: "read", path });
  }
}

/** Removes a file, or a folder with all that is in it; nothing where there is none. */
export async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!isMissing(error)) throw fileError(error, { action: "remove", path });
  }
}

/** As `removeIfThere`, without a promise. */
export function removeIfThereSync(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch (error) {
    if (!isMissing(error)) throw fileError(error, { action: "remove", path });
  }
}

/** Writes a file in place and syncs it: for a file of a folder that is renamed as a whole afterwards. */
export async function writeSynced(path: string, text: string): Promise<void> {
  try {
    await writeText(path, text);
  } catch (error) {
    throw fileError(error, { action: "write", path });
  }
}

async function writeText(path: string, text: string): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  await writeAll(file, new TextEncoder().encode(text));
  await file.sync();
}

/** How a file is written whole. */
export interface WholeOptions {
  /** Tells apart several processes that may write the same file at the same time; default: there is one. */
  readonly writer?: string;
}

/** Writes a file whole or not at all. */
export async function writeWhole(path: string, text: string, options: WholeOptions = {}): Promise<void> {
  await replaceWhole(path, (beside) => writeText(beside, text), options);
}

/** Writes a file whole or not at all: `write` writes and syncs it under the name that it is given. */
export async function replaceWhole(
  path: string,
  write: (beside: string) => Promise<void>,
  { writer = "" }: WholeOptions = {},
): Promise<void> {
  const beside = besideOf(path, writer);
  try {
    await write(beside);
    await Deno.rename(beside, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await Deno.remove(beside).catch(() => {}); // the disk may be gone: the first error is the one to report
    throw fileError(error, { action: "write", path });
  }
}

/**
 * As `replaceWhole`, without promises: `write` is given the open file, which is synced and closed after it.
 */
export function replaceWholeSync(path: string, write: (file: Deno.FsFile) => void): void {
  const beside = besideOf(path);
  try {
    {
      using file = Deno.openSync(beside, { write: true, create: true, truncate: true });
      write(file);
      file.syncSync();
    }
    Deno.renameSync(beside, path);
    syncFolderSync(dirname(path));
  } catch (error) {
    try {
      Deno.removeSync(beside);
    } catch {
      // As above.
    }
    throw fileError(error, { action: "write", path });
  }
}

/** As `writeWhole`, without a promise. */
export function writeWholeSync(path: string, text: string): void {
  replaceWholeSync(path, (file) => writeAllSync(file, new TextEncoder().encode(text)));
}

/** Makes renames and removals in a folder last through a power cut, where the system can. */
export async function syncFolder(dir: string): Promise<void> {
  try {
    using folder = await Deno.open(dir);
    await folder.sync();
  } catch {
    // Windows and some network file systems do not open folders: a rename is still whole or not there at all.
  }
}

function syncFolderSync(dir: string): void {
  try {
    using folder = Deno.openSync(dir);
    folder.syncSync();
  } catch {
    // As above.
  }
}

/** Ending of a file that is being written. */
export const UNFINISHED = ".part";

function besideOf(path: string, writer = ""): string {
  return `${path}${writer}${UNFINISHED}`;
}
