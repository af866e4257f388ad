/**
 * Outputs in an object store that are no runs: they are written on this machine, where the copies of objects
 * are, and uploaded when they are complete.
 *
 * @module
 */
import { entriesIn, fileInfo, openFile } from "../../../disk/files.ts";
import type { RetryOptions } from "../../../format/web/retry.ts";
import { listS3 } from "../../../format/web/s3/list.ts";
import { removeS3 } from "../../../format/web/s3/objects.ts";
import { uploadFile } from "../../../format/web/s3/upload.ts";
import { copyPath, markCurrent } from "./local_copy.ts";

/** Files that say what the others of their folder are: they are uploaded last. */
const describing = /(^|\/)(config|manifest)\.json$/;

/**
 * Throws RangeError if the store holds a file or a folder at an address, and the errors of `listS3`.
 */
export async function requireFree(address: string, retry: RetryOptions = {}): Promise<void> {
  const place = addressOf(address);
  const [inFolder] = await Array.fromAsync(listS3(`${place}/`, { ...retry, limit: 1 }));
  const found = await isInStore(place, retry) ? place : inFolder?.uri;
  if (found === undefined) return;
  throw new RangeError(
    `Cannot write ${address}: the store holds ${found}: give another address, or remove it`,
  );
}

/** Whether an object is at an address. Throws the errors of `listS3`. */
export async function isInStore(address: string, retry: RetryOptions = {}): Promise<boolean> {
  // Keys are listed by their bytes, so of those that begin with this one, it is the first itself.
  const [first] = await Array.fromAsync(listS3(address, { ...retry, limit: 1 }));
  return first?.uri === address;
}

/**
 * Uploads the file or folder that was written at `copyPath(address)`. If that fails, what was uploaded is
 * removed. Throws the errors of `uploadFile`.
 */
export async function uploadCopy(address: string, retry: RetryOptions = {}): Promise<void> {
  const place = addressOf(address), path = copyPath(place), uploaded: string[] = [];
  const within = (await fileInfo(path)).isDirectory ? await filesBelow(path) : [""];
  const last = (file: string): number => Number(describing.test(file));
  try {
    for (const file of within.sort((a, b) => last(a) - last(b) || (a < b ? -1 : 1))) {
      uploaded.push(`${place}${file}`);
      await uploadFile(`${path}${file}`, `${place}${file}`, retry);
    }
  } catch (error) {
    // Also the last, of which a part may have arrived. The first error counts.
    for (const uri of uploaded) await removeS3(uri, retry).catch(() => {});
    throw error;
  }
  for await (const object of listS3(place, retry)) {
    if (!uploaded.includes(object.uri)) continue;
    using file = await openFile(copyPath(object.uri), { write: true });
    await file.utime(new Date(object.modified), new Date(object.modified));
    await markCurrent(object);
  }
}

function addressOf(address: string): string {
  return address.replace(/\/+$/, "");
}

/** Paths of all files below a folder, each with a slash before it. */
async function filesBelow(folder: string, within = ""): Promise<string[]> {
  const paths: string[] = [];
  for (const { name, isDirectory } of await entriesIn(`${folder}${within}`)) {
    if (isDirectory) paths.push(...await filesBelow(folder, `${within}/${name}`));
    else paths.push(`${within}/${name}`);
  }
  return paths;
}
