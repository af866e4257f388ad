/**
 * Brings a run from its object store to a working folder of this machine.
 *
 * @module
 */
import { dirname } from "node:path";
import { disk } from "../../disk/disk.ts";
import { fileInfo, makeFolder } from "../../disk/files.ts";
import { syncFolder } from "../../disk/folder_sync.ts";
import { exists, removeIfThere } from "../../disk/whole_files.ts";
import type { RetryOptions } from "../../format/web/retry.ts";
import { listS3 } from "../../format/web/s3/list.ts";
import { moveAside } from "../folder.ts";
import { download, forEachOf } from "./download.ts";
import {
  type FileMark,
  isSame,
  markOf,
  readStoreState,
  recordFolderOf,
  STORE_FILE,
  type StorePlace,
  writeStoreState,
} from "./store_files.ts";

/** What is pulled, and how. */
export interface PullOptions {
  /** Identity of the new working folder. */
  readonly id: string;
  readonly retry?: RetryOptions;
}

/**
 * Downloads the files of a run into a new working folder, which appears when all of them are there. An
 * earlier one is moved aside; returns its new path, or null if there was none. Throws the errors of
 * `readObject` and of `fileError`.
 */
export async function pullRun(
  place: StorePlace,
  files: readonly string[],
  { id, retry = {} }: PullOptions,
): Promise<string | null> {
  const { url, folder } = place, beside = `${folder}.pull`;
  await removeIfThere(beside); // of an earlier start that was killed
  await makeFolder(beside);
  const marks = new Map<string, FileMark>();
  await forEachOf(files, async (path) => {
    marks.set(path, await markedDownload(`${url}/${path}`, `${beside}/${path}`, retry));
  });
  const record = recordFolderOf({ ...place, folder: beside });
  await makeFolder(record);
  await writeStoreState(record, { folder: id, files: Object.fromEntries(marks) });
  const moved = await exists(folder) ? await moveAside(folder) : null;
  await disk.rename(beside, folder);
  await syncFolder(dirname(folder));
  return moved;
}

/**
 * Downloads what other processes have written to a run and this one reads; never their checkpoints. Files
 * that are here already are left as they are. Throws the errors of `pullRun`.
 */
export async function gatherRun(
  place: StorePlace,
  { id, reads, retry = {} }: PullOptions & { readonly reads: (path: string) => boolean },
): Promise<void> {
  const { url, folder } = place, record = recordFolderOf(place);
  await makeFolder(record);
  const known = new Map(Object.entries((await readStoreState(record))?.files ?? {}));
  const objects = (await Array.fromAsync(listS3(`${url}/`, retry)))
    .map(({ uri, etag }) => ({ path: uri.slice(url.length + 1), etag }))
    .filter(({ path }) => !/(^|\/)checkpoints\//.test(path) || path.endsWith("/checkpoints/latest"))
    .filter(({ path }) => !/\.partial$/.test(path)) // of a process that goes on
    .filter(({ path }) => reads(path))
    .filter(({ path }) => !path.endsWith(STORE_FILE) && !path.startsWith(place.within || "\0"));
  await forEachOf(objects, async ({ path, etag }) => {
    const before = known.get(path);
    const here = await fileInfo(`${folder}/${path}`).then(markOf, () => null);
    if (before !== undefined && before.etag === etag && here !== null && isSame(before, here)) return;
    known.set(path, { ...await markedDownload(`${url}/${path}`, `${folder}/${path}`, retry), etag });
  });
  await writeStoreState(record, { folder: id, files: Object.fromEntries(known) });
}

/** Downloads an object; returns the mark of the file. */
async function markedDownload(uri: string, path: string, retry: RetryOptions): Promise<FileMark> {
  await download(uri, path, retry);
  return markOf(await fileInfo(path));
}
