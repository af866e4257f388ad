/**
 * Copies folders.
 *
 * @module
 */
import { disk } from "./disk.ts";
import { writeAll } from "./exact_io.ts";
import { fileError, isMissing } from "./file_error.ts";
import { entriesIn, makeFolder } from "./files.ts";
import { syncFolder } from "./folder_sync.ts";

const CHUNK = 1 << 20; // bytes that are copied at a time

/** Which entries of a folder are copied. */
export interface CopyOptions {
  /** Names of entries of the folder itself that are left out. Default: none. */
  readonly without?: readonly string[];
}

/**
 * Copies the files of a folder and of the folders in it, and syncs them. Files that exist are overwritten;
 * symbolic links are left out. Another process may rename files in `from` meanwhile, as a run does when a
 * growing file is complete: the folder is then listed again. Throws the errors of `fileError`.
 */
export async function copyFolder(
  from: string,
  to: string,
  { without = [] }: CopyOptions = {},
): Promise<void> {
  await makeFolder(to);
  let renamed = true;
  for (const copied = new Set<string>(); renamed;) {
    renamed = false;
    for (const { name, isFile, isDirectory } of await entriesIn(from)) {
      if (without.includes(name) || copied.has(name)) continue;
      if (isDirectory) await copyFolder(`${from}/${name}`, `${to}/${name}`);
      else if (isFile && !await copyFile(`${from}/${name}`, `${to}/${name}`)) renamed = true;
      copied.add(name);
    }
  }
  await syncFolder(to);
}

/** Copies a file. Returns false if it is not there. */
async function copyFile(from: string, to: string): Promise<boolean> {
  let source: Deno.FsFile;
  try {
    source = await disk.open(from);
  } catch (error) {
    if (isMissing(error)) return false;
    throw fileError(error, { action: "read", path: from });
  }
  using opened = source;
  try {
    using file = await disk.open(to, { write: true, create: true, truncate: true });
    const chunk = new Uint8Array(CHUNK);
    for (let n = await opened.read(chunk); n !== null; n = await opened.read(chunk)) {
      await writeAll(file, chunk.subarray(0, n));
    }
    await file.sync();
  } catch (error) {
    throw fileError(error, { action: "write", path: to });
  }
  return true;
}
