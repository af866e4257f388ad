/**
 * Brings a run from its object store to a working folder of this machine.
 *
 * @module
 */
import { dirname } from "node:path";
import { disk } from "../../disk/disk.ts";
import { writeAll } from "../../disk/exact_io.ts";
import { fileInfo, makeFolder } from "../../disk/files.ts";
import { syncFolder } from "../../disk/folder_sync.ts";
import { exists, removeIfThere, replaceWhole } from "../../disk/whole_files.ts";
import type { RetryOptions } from "../../format/web/retry.ts";
import { readObject } from "../../format/web/remote.ts";
import { listS3 } from "../../format/web/s3/list.ts";
import { moveAside } from "../folder.ts";
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

const PARALLEL = 4; // files in flight; each is written as it comes

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
    marks.set(path, await download(`${url}/${path}`, `${beside}/${path}`, retry));
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
    known.set(path, { ...await download(`${url}/${path}`, `${folder}/${path}`, retry), etag });
  });
  await writeStoreState(record, { folder: id, files: Object.fromEntries(known) });
}

/** Calls `work` for each item, for a few at a time. The first failure ends it. */
async function forEachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  let failed = false;
  const worker = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined && !failed; item = waiting.shift()) {
      try {
        await work(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const workers = Array.from({ length: PARALLEL }, worker);
  await Promise.allSettled(workers);
  await Promise.all(workers); // throws the first error
}

/** Downloads an object, whole or not at all. Returns the mark of the file. */
async function download(uri: string, path: string, retry: RetryOptions): Promise<FileMark> {
  await makeFolder(dirname(path));
  await replaceWhole(path, async (temporary) => {
    using file = await disk.open(temporary, { write: true, create: true, truncate: true });
    for await (const chunk of readObject(uri, retry)) await writeAll(file, chunk);
    await file.sync();
  });
  return markOf(await fileInfo(path));
}
