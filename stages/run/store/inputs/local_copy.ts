/**
 * Copies of objects of a store on this machine: `s3://BUCKET/KEY` is `runs/fetched/BUCKET/KEY`. A copy has
 * the object's time of last change, so that a run which resumes on another machine finds its input unchanged.
 * It is current if size, time and ETag are those of the object. The folder may be removed at any time.
 *
 * @module
 */
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { isMissing } from "../../../disk/file_error.ts";
import { entriesIn, fileInfo, makeFolder } from "../../../disk/files.ts";
import { type HeldLock, LockedError, lockFile } from "../../../disk/lock_file.ts";
import { withoutEndSlash } from "../../../disk/paths.ts";
import { readIfThere, removeIfThere, writeWhole } from "../../../disk/whole_files.ts";
import type { S3Object } from "../../../format/web/s3/list.ts";
import { s3PlaceOf } from "../../../format/web/s3/s3_uri.ts";

const COPIES = "runs/fetched";
const ETAGS = `${COPIES}/.etags`;
const UNFINISHED = /\.part$/;

/** Path of the copy of the object, the folder or the glob at `address`. */
export function copyPath(address: string): string {
  const { bucket, key } = s3PlaceOf(address);
  return withoutEndSlash(`${COPIES}/${bucket}/${key}`);
}

/** A text about copies, with the addresses of the objects in place of the copies' paths. */
export function withAddresses(text: string): string {
  return text.replaceAll(`${COPIES}/`, "s3://");
}

/** Whether the copy of an object is the object as it is now. */
export async function isCurrent({ uri, size, modified, etag }: S3Object): Promise<boolean> {
  try {
    const file = await fileInfo(copyPath(uri));
    if (!file.isFile || file.size !== size || file.mtime?.getTime() !== modified) return false;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
  return await readIfThere(etagPath(uri)) === etag;
}

/** Notes that the copy of an object, which has its time, is the object as it is now. */
export async function markCurrent({ uri, etag }: S3Object): Promise<void> {
  await makeFolder(dirname(etagPath(uri)));
  await writeWhole(etagPath(uri), etag);
}

/** Removes the copies below a prefix of objects that are not among `listed`, and unfinished ones. */
export async function removeOthers(prefix: string, listed: ReadonlySet<string>): Promise<void> {
  const { bucket, key } = s3PlaceOf(prefix), root = `${COPIES}/${bucket}/`;
  const folder = key.slice(0, key.lastIndexOf("/") + 1);
  for (const path of await filesBelow(`${root}${folder}`)) {
    const uri = `s3://${bucket}/${path.slice(root.length)}`;
    if (!uri.startsWith(prefix) || listed.has(uri) && !UNFINISHED.test(uri)) continue;
    await removeIfThere(path);
    await removeIfThere(etagPath(uri));
  }
}

/**
 * Locks the copies of a bucket for this process. Waits while another process fetches; `wait` is told once
 * which. Throws the signal's reason when it is aborted.
 */
export async function lockCopies(
  bucket: string,
  { wait, signal }: { readonly wait: (text: string) => void; readonly signal?: AbortSignal | undefined },
): Promise<HeldLock> {
  const path = `${COPIES}/.${bucket}.lock`;
  await makeFolder(COPIES);
  for (let tries = 0;; tries++) {
    signal?.throwIfAborted();
    try {
      return lockFile(path, `process ${Deno.pid}`);
    } catch (error) {
      if (!(error instanceof LockedError)) throw error;
      if (tries === 0) {
        wait(`Waiting for ${error.owner || "another process"}, which fetches from s3://${bucket} as well`);
      }
    }
    await delay(200, undefined, signal === undefined ? {} : { signal });
  }
}

function etagPath(uri: string): string {
  return `${ETAGS}/${uri.slice("s3://".length)}`;
}

/** Paths of all files below a folder that ends in a slash; none if there is no such folder. */
async function filesBelow(folder: string): Promise<string[]> {
  const paths: string[] = [];
  try {
    for (const { name, isDirectory, isFile } of await entriesIn(folder)) {
      if (isDirectory) paths.push(...await filesBelow(`${folder}${name}/`));
      else if (isFile) paths.push(`${folder}${name}`);
    }
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  return paths;
}
