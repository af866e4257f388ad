/**
 * Writes files to an object store, whole or not at all: short ones in one request, others in parts, which the
 * store joins when the last has arrived. Source: the API reference of Amazon S3, multipart uploads.
 *
 * @module
 */
import { readFull } from "../../../disk/exact_io.ts";
import { openFile } from "../../../disk/files.ts";
import type { RetryOptions } from "../retry.ts";
import { textIn } from "./list.ts";
import { askS3, putS3 } from "./objects.ts";
import { S3UnsupportedError } from "./s3_request.ts";
import { s3PlaceOf, s3UriOf } from "./s3_uri.ts";

/** How a file is uploaded. */
export interface UploadOptions extends RetryOptions {
  /** Number of bytes to write from the file's start (default: all). The file may grow meanwhile. */
  readonly bytes?: number;
  /**
   * Size of a part in bytes, 5 MiB at least (default 16 MiB). Parts of files above 10,000 parts are larger.
   */
  readonly partBytes?: number;
  /** Number of parts in flight (default 4): so many times the size of a part is held in memory. */
  readonly parallel?: number;
}

const MAX_PARTS = 10_000; // the store's limit
const PART = 16 * 2 ** 20;

/**
 * Uploads a file. Uploads of the same object that were broken off earlier are removed first. If it fails, so
 * is this one, and the object is as it was. Throws the errors of `openFile` and `askS3`, and
 * Deno.errors.InvalidData for a file that is shorter than `bytes`.
 */
export async function uploadFile(
  path: string,
  uri: string,
  { bytes, partBytes = PART, parallel = 4, ...retry }: UploadOptions = {},
): Promise<void> {
  const size = bytes ?? (await fileSize(path));
  if (size <= partBytes) {
    await putS3(uri, await bytesOf(path, { start: 0, end: size }), retry);
    return;
  }
  await removeUnfinished(uri, retry);
  const source: Parts = {
    path,
    size,
    length: Math.max(partBytes, Math.ceil(size / MAX_PARTS)),
    parallel,
  };
  for (let tries = 0;; tries++) {
    try {
      return await uploadParts(source, uri, retry);
    } catch (error) {
      // The store may have joined the parts and lost its answer, or have given the upload up: write it again.
      if (!isLost(error) || tries === 2) throw error;
    }
  }
}

/** A file and how it is divided. */
interface Parts {
  readonly path: string;
  readonly size: number;
  /** Bytes of a part. */
  readonly length: number;
  readonly parallel: number;
}

async function uploadParts(parts: Parts, uri: string, retry: RetryOptions): Promise<void> {
  const began = await askS3(uri, { ...retry, action: "write", method: "POST", query: { uploads: "" } });
  const uploadId = textIn(began.text, "UploadId");
  if (uploadId === null) {
    throw new Deno.errors.InvalidData(
      `Cannot write ${uri}: the store began no upload of parts: check AWS_ENDPOINT_URL`,
    );
  }
  try {
    const etags = await sendParts(parts, { uri, uploadId, retry });
    const list = etags.map((etag, i) =>
      `<Part><PartNumber>${i + 1}</PartNumber><ETag>${etag.replaceAll("&", "&amp;")}</ETag></Part>`
    );
    const body = new TextEncoder().encode(
      `<CompleteMultipartUpload>${list.join("")}</CompleteMultipartUpload>`,
    );
    await askS3(uri, { ...retry, action: "write", method: "POST", query: { uploadId }, body });
  } catch (error) {
    await removeUpload(uri, uploadId).catch(() => {}); // the first error counts
    throw error;
  }
}

/** Sends all parts, and returns their ETags. The first failure ends those in flight. */
async function sendParts(
  { path, size, length, parallel }: Parts,
  { uri, uploadId, retry }: {
    readonly uri: string;
    readonly uploadId: string;
    readonly retry: RetryOptions;
  },
): Promise<readonly string[]> {
  const count = Math.ceil(size / length), etags = Array<string>(count).fill("");
  const failed = new AbortController();
  const signal = AbortSignal.any([failed.signal, ...(retry.signal === undefined ? [] : [retry.signal])]);
  let next = 0;
  const sender = async (): Promise<void> => {
    while (next < count) {
      signal.throwIfAborted();
      const part = next++, start = part * length;
      const body = await bytesOf(path, { start, end: Math.min(size, start + length) });
      const query = { partNumber: `${part + 1}`, uploadId };
      const answer = await askS3(uri, { ...retry, signal, action: "write", method: "PUT", query, body });
      etags[part] = answer.headers.get("etag") ?? "";
    }
  };
  const senders = Array.from({ length: Math.min(parallel, count) }, () =>
    sender().catch((error) => {
      failed.abort(error);
      throw error;
    }));
  await Promise.allSettled(senders);
  await Promise.all(senders); // throws the first error
  return etags;
}

/** Removes uploads of an object that were broken off, as by the death of their process. */
async function removeUnfinished(uri: string, retry: RetryOptions): Promise<void> {
  const { bucket, key } = s3PlaceOf(uri);
  let text: string;
  try {
    const root = s3UriOf({ bucket, key: "" });
    ({ text } = await askS3(root, { ...retry, action: "list", query: { uploads: "", prefix: key } }));
  } catch (error) {
    // Credentials that may write need not be allowed to list.
    if (error instanceof Deno.errors.PermissionDenied || error instanceof S3UnsupportedError) return;
    throw error;
  }
  for (const [, upload] of text.matchAll(/<Upload>([^]*?)<\/Upload>/g)) {
    const uploadId = textIn(upload, "UploadId");
    if (textIn(upload, "Key") === key && uploadId !== null) await removeUpload(uri, uploadId, retry);
  }
}

async function removeUpload(uri: string, uploadId: string, retry: RetryOptions = {}): Promise<void> {
  try {
    await askS3(uri, { ...retry, action: "remove", method: "DELETE", query: { uploadId } });
  } catch (error) {
    if (!isLost(error)) throw error; // it is gone already
  }
}

/** Whether the store says that it has no such upload. */
function isLost(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound && /\bNoSuchUpload\b/.test(error.message);
}

async function fileSize(path: string): Promise<number> {
  using file = await openFile(path);
  return (await file.stat()).size;
}

/** Bytes `start` to `end` (exclusive) of a file. */
async function bytesOf(
  path: string,
  { start, end }: { readonly start: number; readonly end: number },
): Promise<Uint8Array<ArrayBuffer>> {
  using file = await openFile(path);
  const bytes = new Uint8Array(end - start);
  await file.seek(start, Deno.SeekMode.Start);
  await readFull(file, bytes, path);
  return bytes;
}
