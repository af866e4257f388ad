/**
 * Finds the files that an `s3://` URI refers to: objects of Amazon S3 or of a store that follows its API.
 *
 * @module
 */
import picomatch from "picomatch";
import type { RetryOptions } from "../format/web/retry.ts";
import { listS3, type S3Object } from "../format/web/s3/list.ts";
import { s3PlaceOf, s3UriOf } from "../format/web/s3/s3_uri.ts";

/** Which objects of a folder are chosen. */
export interface S3FilesOptions extends RetryOptions {
  /** Returns those of the objects in a folder that can be read; called with their addresses. */
  readonly choose: (uris: readonly string[]) => readonly string[];
}

/**
 * Returns the objects of `s3://BUCKET/KEY`, sorted by address. KEY is the key of an object, a folder (a
 * prefix that ends before a slash), or a glob; nothing for the whole bucket. Of a folder, empty objects are
 * left out. The store is AWS unless `AWS_ENDPOINT_URL` names another.
 *
 * Throws RangeError for another form, Deno.errors.NotFound if nothing matches, PermissionDenied if the store
 * refuses the credentials, and ConnectionReset after too many failed requests.
 */
export async function s3Files(
  uri: string,
  { choose, ...retry }: S3FilesOptions,
): Promise<readonly S3Object[]> {
  const { bucket, key } = s3PlaceOf(uri);
  const at = (key: string): string => s3UriOf({ bucket, key });
  if (key !== "" && !key.endsWith("/")) {
    // Keys are listed by their bytes, so of those that begin with this one, it is the first itself.
    const [first] = await Array.fromAsync(listS3(at(key), { ...retry, limit: 1 }));
    if (first?.uri === at(key)) return [first];
  }
  const firstSign = key.search(/[*?[{]/);
  if (firstSign >= 0) {
    const matches = picomatch(key);
    const found = await sorted(listS3(at(key.slice(0, firstSign)), retry));
    const files = found.filter(({ uri }) => matches(s3PlaceOf(uri).key));
    if (files.length > 0) return files;
    throw new Deno.errors.NotFound(
      `No object matches ${uri}: check the address, and quote it so that the shell does not expand it`,
    );
  }
  const folder = at(key === "" || key.endsWith("/") ? key : `${key}/`);
  const files = (await sorted(listS3(folder, retry))).filter(({ uri, size }) =>
    size > 0 && !/(^|\/)\./.test(uri.slice(folder.length))
  );
  if (files.length === 0) {
    throw new Deno.errors.NotFound(
      `Cannot read ${uri}: there is neither an object of this key nor one in such a folder: check the address`,
    );
  }
  const chosen = new Set(choose(files.map(({ uri }) => uri)));
  return files.filter(({ uri }) => chosen.has(uri));
}

/** Sorted as paths of this machine are, so that a corpus has the same order on disk and in a store. */
async function sorted(objects: AsyncIterable<S3Object>): Promise<S3Object[]> {
  return (await Array.fromAsync(objects)).sort((a, b) => a.uri < b.uri ? -1 : 1);
}
