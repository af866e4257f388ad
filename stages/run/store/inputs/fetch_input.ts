/**
 * Inputs of a run in an object store: models, tokenizers, token shards and other files. All their readers
 * read files of this machine, so what they need is fetched first, and again only if it has changed.
 *
 * @module
 */
import { checkFreeSpace } from "../../../flow/checkpoint/disk_space.ts";
import type { RetryOptions } from "../../../format/web/retry.ts";
import type { S3Object } from "../../../format/web/s3/list.ts";
import { s3PlaceOf } from "../../../format/web/s3/s3_uri.ts";
import { bytes as bytesText } from "../../../report/quantity.ts";
import { UsageError } from "../../usage_error.ts";
import { download, forEachOf } from "../download.ts";
import { adapterBases } from "./adapter_bases.ts";
import { inputObjects, type StoredInput } from "./input_objects.ts";
import { copyPath, isCurrent, lockCopies, markCurrent, removeOthers } from "./local_copy.ts";

/** What is fetched, and how. */
export interface FetchOptions {
  readonly kind: StoredInput;
  /** Receives what a user should know. */
  note(text: string): void;
  /** How requests are retried. Default: as for all sources. */
  readonly retry?: RetryOptions;
}

/**
 * Brings what `address` names to this machine, and returns the path of its copy, which has the form of the
 * address: a file, a folder or a glob. Copies of objects that were removed are removed too. Each file is
 * there whole or not at all. Throws UsageError if nothing is at the address or the store refuses the request,
 * RangeError if the disk has too little room, and Deno.errors.ConnectionReset after too many failures.
 */
export async function fetchInput(address: string, options: FetchOptions): Promise<string> {
  const seen = new Set<string>();
  // With adapters, the model that they were trained for, which may have adapters too.
  for (let wanted = [address]; wanted.length > 0;) {
    const next: string[] = [];
    for (const each of wanted) {
      if (seen.has(each)) continue;
      seen.add(each);
      const paths = await fetchObjects(each, options);
      if (options.kind === "model" || options.kind === "evaluated") next.push(...await adapterBases(paths));
    }
    wanted = next;
  }
  return copyPath(address);
}

/** Fetches what is read of an address; returns the paths of all copies. */
async function fetchObjects(
  address: string,
  { kind, note, retry = {} }: FetchOptions,
): Promise<readonly string[]> {
  const { bucket } = await aboutAddress(() => s3PlaceOf(address)), path = copyPath(address);
  const { chosen, prefixes, listed } = await aboutAddress(() => inputObjects(address, { kind, retry }));
  using _lock = await lockCopies(bucket, { wait: note, signal: retry.signal });
  for (const prefix of prefixes) await removeOthers(prefix, listed);
  const paths = chosen.map(({ uri }) => copyPath(uri)), missing: S3Object[] = [];
  for (const object of chosen) if (!await isCurrent(object)) missing.push(object);
  if (missing.length === 0) return paths;
  const bytes = missing.reduce((sum, { size }) => sum + size, 0);
  try {
    await checkFreeSpace("runs/fetched", bytes);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new RangeError(`Cannot fetch ${address}: ${cause.message}`, { cause });
  }
  const files = missing.length === 1 ? "a file" : `${missing.length} files`;
  note(`Fetching ${files} of ${address}, ${bytesText(bytes)}, to ${path}`);
  await aboutAddress(() =>
    forEachOf(missing, async (object) => {
      const { uri, modified } = object;
      await fetchObject(uri, { ...retry, modified });
      await markCurrent(object);
    })
  );
  return paths;
}

async function fetchObject(
  uri: string,
  options: RetryOptions & { readonly modified: number },
): Promise<void> {
  try {
    await download(uri, copyPath(uri), options);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.InvalidData)) throw cause;
    throw new Error(`Cannot fetch ${uri}: it was replaced meanwhile: type the command again`, { cause });
  }
}

/** Calls `work`; an error for which the address or the credentials are to blame is thrown as UsageError. */
export async function aboutAddress<T>(work: () => T | Promise<T>): Promise<T> {
  const { NotFound, PermissionDenied, Http, InvalidData } = Deno.errors;
  try {
    return await work();
  } catch (error) {
    const wrong = [RangeError, NotFound, PermissionDenied, Http, InvalidData];
    if (!(error instanceof Error) || !wrong.some((Class) => error instanceof Class)) throw error;
    throw new UsageError(error.message, { cause: error });
  }
}
