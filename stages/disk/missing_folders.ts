/**
 * Finds the folders that making a folder would create, and removes them again.
 *
 * @module
 */
import { dirname, resolve } from "node:path";
import { disk } from "./disk.ts";
import { isMissing } from "./file_error.ts";

/** The folder and its parents that do not exist yet, the innermost first. */
export function missingFolders(folder: string): readonly string[] {
  const missing: string[] = [];
  for (let path = resolve(folder); isMissingAt(path) && path !== dirname(path); path = dirname(path)) {
    missing.push(path);
  }
  return missing;
}

function isMissingAt(path: string): boolean {
  try {
    Deno.statSync(path);
    return false;
  } catch (error) {
    return isMissing(error); // a folder that may not be looked at is not one to remove later
  }
}

/** Removes the folders in the given order, up to the first one that is not empty. */
export function removeEmptyFolders(folders: readonly string[]): void {
  try {
    for (const folder of folders) disk.removeSync(folder);
  } catch {
    // Something is in it, or another process has removed it.
  }
}
