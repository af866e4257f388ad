/**
 * Syncs folders: a new, renamed or removed name survives a power cut only once the folder that it is in has
 * been synced. Syncing the file itself makes only its content durable.
 *
 * All functions throw the errors of `fileError`.
 *
 * @module
 */
import { disk } from "./disk.ts";
import { dirname } from "node:path";
import { fileError, isMissing } from "./file_error.ts";

/**
 * Makes new names, renames and removals in a folder survive a power cut, if the system supports it. Windows
 * and some network file systems cannot open or sync folders; a rename is still atomic there.
 */
export async function syncFolder(dir: string): Promise<void> {
  try {
    using folder = await disk.open(dir);
    await folder.sync();
  } catch (error) {
    if (!cannotSync(error)) throw fileError(error, { action: "write", path: dir });
  }
}

/** Synchronous version of `syncFolder`. */
export function syncFolderSync(dir: string): void {
  try {
    using folder = disk.openSync(dir);
    folder.syncSync();
  } catch (error) {
    if (!cannotSync(error)) throw fileError(error, { action: "write", path: dir });
  }
}

/**
 * Makes the name of a file that is new or was renamed survive a power cut: syncs the folder that it is in.
 */
export function syncNameSync(path: string): void {
  syncFolderSync(dirname(path));
}

/** Whether the system does not sync folders, or this user may not open one. Other errors mean lost data. */
function cannotSync(error: unknown): boolean {
  if (error instanceof Deno.errors.NotCapable || isMissing(error)) return true;
  const code = error instanceof Error && "code" in error ? error.code : "";
  return ["EINVAL", "EBADF", "EPERM", "EACCES", "EISDIR", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"].some((each) =>
    each === code
  );
}
