/**
 * Tells a run's folder from other people's folders and from places that are no folder.
 *
 * @module
 */
import { isRecord } from "../disk/json.ts";
import { readIfThere } from "../disk/whole_files.ts";
import { UsageError } from "./usage_error.ts";

/** Name of the lock file in a run's folder. */
export const LOCK_NAME = "run.lock";

/** Name of the lease in the folder of a rank. */
export const LEASE_NAME = "run.lease";

const OWNER_START = '{"pid":'; // how every run's description of its process begins

/** Name of the folder in a run's folder that holds a record folder for each rank. */
export const RANKS_FOLDER = "ranks";

/** Whether `run.lock` in the folder was written by a run. */
export async function hasRunLock(folder: string): Promise<boolean> {
  let text: string | null;
  try {
    text = await readIfThere(`${folder}/${LOCK_NAME}`);
  } catch {
    return true; // Windows does not allow reading a locked file
  }
  if (text === null) return false;
  try {
    const owner: unknown = JSON.parse(text);
    return isRecord(owner) && typeof owner.pid === "number" && typeof owner.since === "string";
  } catch {
    // The process was killed, or lost its power, before it had written all of its name.
    return text.trim() === "" || OWNER_START.startsWith(text) || text.startsWith(OWNER_START);
  }
}

/** Returns whether `report.html` in the folder was written by this program. */
export async function hasOwnPage(folder: string): Promise<boolean> {
  const page = await readIfThere(`${folder}/report.html`).catch(() => null);
  return page !== null && page.slice(0, 1000).includes('<meta name="generator" content="stagewise-gpt">');
}

/**
 * Throws UsageError for an address such as `s3://bucket/x`, or `-` for standard output: files are written to
 * folders of this machine only. `option` is the option that has the value: "--out".
 */
export function requireLocal(path: string, option: string): void {
  const scheme = /^([a-z][a-z\d+.-]+):/i.exec(path)?.[1];
  if (path !== "-" && scheme === undefined) return;
  const what = scheme === undefined ? "standard output" : `an address (${scheme}:)`;
  throw new UsageError(
    `Cannot write to ${option} ${path}: ${what} is no folder of this machine: give a folder (./${path} for one of this name)`,
  );
}
