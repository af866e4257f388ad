/**
 * Writes files that are either complete or absent, even after a crash or a power cut. A file is written under
 * a temporary name in the same folder, synced and renamed; then the folder is synced as well.
 *
 * All functions throw the errors of `fileError`.
 *
 * @module
 */
import { disk } from "./disk.ts";
import { dirname } from "node:path";
import { writeAll, writeAllSync } from "./exact_io.ts";
import { fileError, isMissing } from "./file_error.ts";
import { syncFolder, syncFolderSync } from "./folder_sync.ts";

/** Returns whether something is at a path; symbolic links are followed. */
export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw fileError(error, { action: "read", path });
  }
}

/** Synchronous version of `exists`. */
export function existsSync(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw fileError(error, { action: "read", path });
  }
}

/** Returns whether a file, not a folder, is at a path. */
export function isFileSync(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (isMissing(error)) return false;
    throw fileError(error, { action: "read", path });
  }
}

/** Returns whether a folder is at a path; false also if it cannot be told. */
export function isFolderSync(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false; // whoever reads the path reports the error
  }
}

/** Returns the text of a file, or null if the file does not exist. */
export async function readIfThere(path: string): Promise<string | null> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (isMissing(error)) return null;
    throw fileError(error, { action: "read", path });
  }
}

/** Removes a file, or a folder with its content, if it exists. */
export async function removeIfThere(path: string): Promise<void> {
  try {
    await disk.remove(path, { recursive: true });
  } catch (error) {
    if (!isMissing(error)) throw fileError(error, { action: "remove", path });
  }
}

/** Synchronous version of `removeIfThere`. */
export function removeIfThereSync(path: string): void {
  try {
    disk.removeSync(path, { recursive: true });
  } catch (error) {
    if (!isMissing(error)) throw fileError(error, { action: "remove", path });
  }
}

/**
 * Writes a file in place and syncs it. It is meant for files in a folder that is renamed when it is complete.
 */
export async function writeSynced(path: string, text: string): Promise<void> {
  try {
    await writeText(path, text);
  } catch (error) {
    throw fileError(error, { action: "write", path });
  }
}

async function writeText(path: string, text: string): Promise<void> {
  using file = await disk.open(path, { write: true, create: true, truncate: true });
  await writeAll(file, new TextEncoder().encode(text));
  await file.sync();
}

/** Options of `writeWhole` and `replaceWhole`. */
export interface WholeOptions {
  /** Part of the temporary name, different for each process that writes the file at the same time. */
  readonly writer?: string;
}

/** Writes a file whole or not at all. */
export async function writeWhole(path: string, text: string, options: WholeOptions = {}): Promise<void> {
  await replaceWhole(path, (temporary) => writeText(temporary, text), options);
}

/**
 * Writes a file whole or not at all. `write` is called with a temporary path and must write and sync the file
 * there.
 */
export async function replaceWhole(
  path: string,
  write: (temporary: string) => Promise<void>,
  { writer = "" }: WholeOptions = {},
): Promise<void> {
  const temporary = temporaryName(path, writer);
  try {
    await write(temporary);
    await disk.rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await disk.remove(temporary).catch(() => {}); // this may fail as well; the first error is reported
    throw fileError(error, { action: "write", path });
  }
}

/**
 * Synchronous version of `replaceWhole`. `write` is called with the open file, which is synced and closed
 * afterwards.
 */
export function replaceWholeSync(path: string, write: (file: Deno.FsFile) => void): void {
  const temporary = temporaryName(path);
  try {
    {
      using file = disk.openSync(temporary, { write: true, create: true, truncate: true });
      write(file);
      file.syncSync();
    }
    disk.renameSync(temporary, path);
    syncFolderSync(dirname(path));
  } catch (error) {
    try {
      disk.removeSync(temporary);
    } catch {
      // As above.
    }
    throw fileError(error, { action: "write", path });
  }
}

/** Synchronous version of `writeWhole`. */
export function writeWholeSync(path: string, text: string): void {
  replaceWholeSync(path, (file) => writeAllSync(file, new TextEncoder().encode(text)));
}

/** Ending of the temporary name. */
const UNFINISHED = ".part";

function temporaryName(path: string, writer = ""): string {
  return `${path}${writer}${UNFINISHED}`;
}
