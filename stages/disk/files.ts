/**
 * File system calls for paths that users give. They do the same as Deno's functions, but their errors explain
 * what is wrong with which path (see `fileError`). With limited permissions, Deno's own errors do not name
 * the path if a part of it is a file or a loop of symbolic links.
 *
 * @module
 */
import { dirname } from "node:path";
import { syncFolderSync } from "./folder_sync.ts";
import { disk } from "./disk.ts";
import { fileError } from "./file_error.ts";
import { missingFolders } from "./missing_folders.ts";
import { pathOfUrl } from "./paths.ts";

/** Opens a file. */
export async function openFile(
  path: string | URL,
  options: Deno.OpenOptions = { read: true },
): Promise<Deno.FsFile> {
  try {
    return await disk.open(path, options);
  } catch (error) {
    throw fileError(error, { action: actionOf(options), path: nameOf(path) });
  }
}

/** Synchronous version of `openFile`. */
export function openFileSync(path: string | URL, options: Deno.OpenOptions = { read: true }): Deno.FsFile {
  try {
    return disk.openSync(path, options);
  } catch (error) {
    throw fileError(error, { action: actionOf(options), path: nameOf(path) });
  }
}

/** Returns the path of a file or folder without symbolic links. */
export function realPathSync(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch (error) {
    throw fileError(error, { action: "read", path });
  }
}

/** The text of a file. */
export async function readText(path: string | URL): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw fileError(error, { action: "read", path: nameOf(path) });
  }
}

/** Reads a file whole; the caller has checked its size. Throws the same errors as `openFile`. */
export async function readBytes(path: string | URL): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    throw fileError(error, { action: "read", path: nameOf(path) });
  }
}

/** Synchronous version of `readText`. */
export function readTextSync(path: string | URL): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    throw fileError(error, { action: "read", path: nameOf(path) });
  }
}

/** Returns information about a file or folder; symbolic links are followed. */
export async function fileInfo(path: string): Promise<Deno.FileInfo> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    throw fileError(error, { action: "read", path });
  }
}

/** Synchronous version of `fileInfo`. */
export function fileInfoSync(path: string): Deno.FileInfo {
  try {
    return Deno.statSync(path);
  } catch (error) {
    throw fileError(error, { action: "read", path });
  }
}

/**
 * Checks that a file can be read. Throws if there is no such file, if it is a folder, or if this user may not
 * read it.
 */
export async function checkReadable(path: string): Promise<void> {
  using file = await openFile(path);
  if ((await file.stat()).isDirectory) throw folderError("read", path);
}

/** Checks without writing anything that a path is not a folder and that its parts are accessible. */
export async function checkWritable(path: string): Promise<void> {
  try {
    if ((await Deno.stat(path)).isDirectory) throw folderError("write", path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw fileError(error, { action: "write", path });
  }
}

function folderError(action: string, path: string): Error {
  const error = new Deno.errors.IsADirectory(
    `Cannot ${action} ${path}: it is a folder, not a file: give a file`,
  );
  return Object.assign(error, { code: "EISDIR" });
}

/** Returns the entries of a folder, in no particular order. */
export async function entriesIn(folder: string): Promise<Deno.DirEntry[]> {
  try {
    return await Array.fromAsync(Deno.readDir(folder));
  } catch (error) {
    throw fileError(error, { action: "list", path: folder });
  }
}

/** Synchronous version of `entriesIn`. */
export function entriesInSync(folder: string): Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(folder)];
  } catch (error) {
    throw fileError(error, { action: "list", path: folder });
  }
}

/** Makes a folder and its parents if they are missing. */
export async function makeFolder(path: string): Promise<void> {
  try {
    const made = missingFolders(path);
    await disk.mkdir(path, { recursive: true });
    for (const folder of made) syncFolderSync(dirname(folder));
  } catch (error) {
    throw fileError(error, { action: "make the folder", path });
  }
}

/** Synchronous version of `makeFolder`. */
export function makeFolderSync(path: string): void {
  try {
    const made = missingFolders(path);
    disk.mkdirSync(path, { recursive: true });
    for (const folder of made) syncFolderSync(dirname(folder));
  } catch (error) {
    throw fileError(error, { action: "make the folder", path });
  }
}

function actionOf({ write = false, append = false, create = false }: Deno.OpenOptions): string {
  return write || append || create ? "write" : "read";
}

function nameOf(path: string | URL): string {
  return path instanceof URL ? pathOfUrl(path) : path;
}
