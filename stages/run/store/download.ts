/**
 * Downloads objects of a store as files.
 *
 * @module
 */
import { dirname } from "node:path";
import { disk } from "../../disk/disk.ts";
import { writeAll } from "../../disk/exact_io.ts";
import { makeFolder } from "../../disk/files.ts";
import { replaceWhole } from "../../disk/whole_files.ts";
import { readObject } from "../../format/web/remote.ts";
import type { RetryOptions } from "../../format/web/retry.ts";

const PARALLEL = 4; // files in flight; each is written as it comes

/** Calls `work` for each item, for a few at a time. The first failure ends it. */
export async function forEachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
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

/**
 * Downloads an object, whole or not at all. `modified` is the time of last change that the file gets, in
 * milliseconds since 1970; default: now. Throws the errors of `readObject` and of `fileError`.
 */
export async function download(
  uri: string,
  path: string,
  { modified, ...retry }: RetryOptions & { readonly modified?: number } = {},
): Promise<void> {
  await makeFolder(dirname(path));
  await replaceWhole(path, async (temporary) => {
    using file = await disk.open(temporary, { write: true, create: true, truncate: true });
    for await (const chunk of readObject(uri, retry)) await writeAll(file, chunk);
    if (modified !== undefined) await file.utime(new Date(modified), new Date(modified));
    await file.sync();
  });
}
