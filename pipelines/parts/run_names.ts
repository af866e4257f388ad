/**
 * Names of runs on a page.
 *
 * @module
 */
import { basename, resolve } from "node:path";

/** Returns a name for each run's folder: its last part, or the whole path where several end alike. */
export function runNames(folders: readonly string[]): readonly string[] {
  const names = folders.map((folder) => basename(resolve(folder)) || folder);
  return names.map((name, i) => names.filter((other) => other === name).length > 1 ? folders[i] : name);
}
