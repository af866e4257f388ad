/**
 * Lists the objects of an object store. Source: the API reference of Amazon S3, `ListObjectsV2`.
 *
 * @module
 */
import type { RetryOptions } from "../retry.ts";
import { askS3 } from "./objects.ts";
import { s3PlaceOf, s3UriOf } from "./s3_uri.ts";

/** An object of a store. */
export interface S3Object {
  /** Its address: `s3://BUCKET/KEY`. */
  readonly uri: string;
  /** Size in bytes. */
  readonly size: number;
  /** Changes with the object's content. */
  readonly etag: string;
  /** Time of its last change in milliseconds since 1970; 0 if the store does not say. */
  readonly modified: number;
}

/** How objects are listed. */
export interface ListOptions extends RetryOptions {
  /** Number of objects after which to stop (default: all). */
  readonly limit?: number;
}

const PAGE = 1000; // objects that a store lists at a time

/**
 * Yields the objects whose addresses begin with `prefix`, by the bytes of their keys. Throws the errors of
 * `askS3`, and Deno.errors.InvalidData for an answer that is no list.
 */
export async function* listS3(
  prefix: string,
  { limit = Infinity, ...retry }: ListOptions = {},
): AsyncGenerator<S3Object> {
  const { bucket, key } = s3PlaceOf(prefix), root = s3UriOf({ bucket, key: "" });
  let left = limit, token: string | null = null;
  do {
    const { text: answer } = await askS3(root, {
      ...retry,
      action: "list",
      query: {
        "list-type": "2",
        "encoding-type": "url",
        "max-keys": String(Math.min(PAGE, left)),
        prefix: key,
        ...(token !== null && { "continuation-token": token }),
      },
    });
    if (!answer.includes("<ListBucketResult")) throw noList(prefix);
    for (const entry of answer.matchAll(/<Contents>([^]*?)<\/Contents>/g)) {
      const name = textIn(entry[1], "Key"), size = Number(textIn(entry[1], "Size"));
      if (name === null || !Number.isSafeInteger(size) || size < 0) throw noList(prefix);
      yield {
        uri: s3UriOf({ bucket, key: decoded(name) }),
        size,
        etag: textIn(entry[1], "ETag") ?? "",
        modified: Date.parse(textIn(entry[1], "LastModified") ?? "") || 0,
      };
      if (--left === 0) return;
    }
    const next = textIn(answer, "NextContinuationToken");
    const truncated = textIn(answer, "IsTruncated") === "true";
    if (truncated && (next === null || next === token)) throw noList(prefix);
    token = truncated ? next : null;
  } while (token !== null);
}

function noList(prefix: string): Error {
  return new Deno.errors.InvalidData(
    `Cannot list ${prefix}: the answer is no list of objects: check AWS_ENDPOINT_URL`,
  );
}

const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/** Text of the first element of a name in XML; null if there is none. */
export function textIn(xml: string, name: string): string | null {
  const found = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml);
  return found === null ? null : found[1].replace(/&(#x?[\da-f]+|\w+);/gi, (all, entity: string) => {
    const code = /^#x/i.test(entity) ? parseInt(entity.slice(2), 16) : Number(entity.slice(1));
    if (entity.startsWith("#")) return code >= 0 && code <= 0x10FFFF ? String.fromCodePoint(code) : all;
    return entities[entity] ?? all;
  });
}

/** Decodes a key of a list with `encoding-type=url`, in which a space may be a plus sign. */
function decoded(key: string): string {
  try {
    return decodeURIComponent(key.replaceAll("+", " "));
  } catch (error) {
    if (error instanceof URIError) return key;
    throw error;
  }
}
