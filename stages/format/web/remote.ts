/**
 * Reads files at http and https URLs, and objects at s3:// addresses, as chunks of bytes. Requests are for
 * byte ranges, so that after a broken connection only the rest is requested. A file that changes while it is
 * read is an error, so that bytes of two versions are never mixed. Source: RFC 9110 (ranges, Retry-After,
 * ETag).
 *
 * @module
 */
import { type ContentRange, contentRangeOf } from "./content_range.ts";
import { limitedBody } from "./limited_body.ts";
import { fetchRedirected } from "./redirects.ts";
import { fetchS3, S3RangeError, s3Refusal } from "./s3/s3_request.ts";
import { isS3 } from "./s3/s3_uri.ts";
import { Retries, type RetryOptions, withRetries } from "./retry.ts";
import { tokenHeader } from "./tokens.ts";
import { TransientError } from "./transient_error.ts";

/** A file on a server. */
export interface RemoteFile {
  /** URL of the file. */
  readonly url: string;
  /** Size in bytes; null if the server does not report it. */
  readonly size: number | null;
  /** Version of the file: its ETag, or Last-Modified without an ETag; null if the server sends neither. */
  readonly version: string | null;
  /** Whether the server sends ranges of bytes. */
  readonly ranges?: boolean;
}

/** Which bytes of a file to read, and how to retry. */
export interface RemoteReadOptions extends RetryOptions {
  /** Offset of the first byte (default 0). */
  readonly start?: number;
  /** Offset after the last byte (default the file's end). */
  readonly end?: number;
}

const MAX_ANSWER_BYTES = 1 << 26; // 64 MiB: the Hub's lists come in pages of at most a few megabytes

/** HTTP statuses of failures that may be temporary. */
const transientStatuses = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Returns whether a path is a URL that this module reads. */
export function isRemote(path: string): boolean {
  return /^https?:\/\//i.test(path) || isS3(path);
}

/**
 * Requests a file's size and version. Throws Deno.errors.NotFound if there is no file, PermissionDenied if
 * the server requires a login, Http for any other error status, and ConnectionReset after too many failures
 * in a row.
 */
export function findRemote(url: string, options: RetryOptions = {}): Promise<RemoteFile> {
  return withRetries(url, options, async (retries) => {
    const response = await request(url, { first: 0, last: 0, retries });
    await response.body?.cancel();
    return { url, size: sizeOf(response), version: versionOf(response), ranges: response.status === 206 };
  });
}

/**
 * A fetch() to pass to libraries, which read whole answers. It retries temporary failures as `readRemote`
 * does, and returns any other response, even one with an error status. Throws Deno.errors.ConnectionReset
 * after too many failures in a row, RedirectError as `fetchRedirected`; reading the body of an answer fails
 * with BodyTooLargeError after 64 MiB, with TransientError if no byte arrives for `idle` milliseconds, and
 * with SlowServerError if the answer is slower than `speedLimit`.
 */
export function retryingFetch(options: RetryOptions = {}): typeof fetch {
  return (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    return withRetries(url, options, async (retries) => {
      const response = await retries.fetch((signal) => fetchRedirected(input, { ...init, signal }));
      if (transientStatuses.has(response.status)) throw await refusal(url, response);
      return limitedBody(response, { url, chunks: retries.chunks(response), bytes: MAX_ANSWER_BYTES });
    });
  };
}

/**
 * Reads a file's bytes. Throws the same errors as `findRemote()`, and Deno.errors.InvalidData if the file's
 * version has changed.
 */
export async function* readRemote(
  file: RemoteFile,
  { start = 0, end = file.size ?? Infinity, ...options }: RemoteReadOptions = {},
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const retries = new Retries(file.url, options);
  for (let at = start; at < end;) {
    try {
      const last = end === Infinity ? null : end - 1;
      const response = await request(file.url, { first: at, last, retries });
      checkVersion(file, response);
      let skip = at - firstByteOf(response, { url: file.url, asked: at });
      for await (const chunk of retries.chunks(response)) {
        const bytes = new Uint8Array(chunk.subarray(Math.min(skip, chunk.length)));
        skip -= chunk.length - bytes.length;
        const wanted = bytes.subarray(0, Math.min(bytes.length, end - at));
        if (wanted.length === 0) continue;
        at += wanted.length;
        retries.progress(at);
        yield wanted;
        if (at === end) return;
      }
      if (end === Infinity) return; // without a known size, the end of the body is the end of the file
      throw new TransientError(`the connection closed at byte ${at}`);
    } catch (error) {
      await retries.failed(error);
    }
  }
}

/** Reads an object, which may be empty. Throws the same errors as `readRemote()`. */
export async function* readObject(
  uri: string,
  options: RetryOptions = {},
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let file: RemoteFile;
  try {
    file = await findRemote(uri, options);
  } catch (error) {
    if (error instanceof S3RangeError) return; // it has no first byte
    throw error;
  }
  yield* readRemote(file, options);
}

/**
 * Requests bytes `first` to `last`, both included; if `last` is null, all bytes from `first` on. Throws what
 * `refusal()` returns.
 */
async function request(
  url: string,
  { first, last, retries }: {
    readonly first: number;
    readonly last: number | null;
    readonly retries: Retries;
  },
): Promise<Response> {
  if (!URL.canParse(url)) throw new RangeError(`Cannot read ${url}: it is not a valid URL: check it`);
  // Without "identity", the server could compress the bytes, and offsets would no longer be the file's.
  const range = { range: `bytes=${first}-${last ?? ""}`, "accept-encoding": "identity" };
  const response = await retries.fetch((signal) =>
    isS3(url)
      ? fetchS3(url, { headers: range, signal })
      : fetchRedirected(url, { headers: { ...tokenHeader(url), ...range }, signal })
  );
  if (response.status === 206 || response.status === 200) return response;
  throw isS3(url)
    ? await s3Refusal(response, { action: "read", uri: url, chunks: retries.chunks(response) })
    : await refusal(url, response);
}

async function refusal(url: string, { status, statusText, headers, body }: Response): Promise<Error> {
  await body?.cancel();
  const answer = `${status}${statusText === "" ? "" : ` ${statusText}`}`;
  if (transientStatuses.has(status)) {
    return new TransientError(`the server answered ${answer}`, pauseOf(headers.get("retry-after")));
  }
  switch (status) {
    case 401:
    case 403:
      return new Deno.errors.PermissionDenied(
        `Cannot read ${url}: the server answered ${answer}: download the file with your account and give its path`,
      );
    case 404:
    case 410:
      return new Deno.errors.NotFound(`Cannot read ${url}: the server answered ${answer}: check the address`);
    case 416:
      return new Deno.errors.InvalidData(
        `Cannot read ${url}: the file is empty, or has become shorter: check the address`,
      );
    default:
      return new Deno.errors.Http(`Cannot read ${url}: the server answered ${answer}: check the address`);
  }
}

/**
 * Returns the milliseconds until the time in a Retry-After field, which is given in seconds or as a date, or
 * null if the field contains neither.
 */
function pauseOf(value: string | null): number | null {
  if (value === null) return null;
  const seconds = Number(value);
  const wait = Number.isFinite(seconds) ? 1000 * seconds : Date.parse(value) - Date.now();
  return Number.isFinite(wait) ? Math.max(0, wait) : null;
}

/** Size of the file that a response belongs to; null if the response does not tell it. */
function sizeOf(response: Response): number | null {
  if (response.status === 206) return contentRangeOf(response)?.size ?? null;
  const length = response.headers.get("content-length");
  return length === null ? null : Number(length);
}

/**
 * Offset in the file of a body's first byte. A server may send more than was asked for, and the bytes before
 * the asked one are then skipped: all of the file (200), or a range that begins earlier. Throws
 * Deno.errors.InvalidData for a range that begins later, or that the response does not name.
 */
function firstByteOf(
  response: Response,
  { url, asked }: { readonly url: string; readonly asked: number },
): number {
  if (response.status !== 206) return 0;
  const range: ContentRange | null = contentRangeOf(response);
  if (range !== null && range.first <= asked) return range.first;
  const got = range === null ? "a part without saying which" : `bytes from ${range.first} on`;
  throw new Deno.errors.InvalidData(
    `Cannot read ${url}: its server was asked for bytes from ${asked} on and sent ${got}: download the file and give its path`,
  );
}

function versionOf(response: Response): string | null {
  return response.headers.get("etag") ?? response.headers.get("last-modified");
}

function checkVersion({ url, version, size }: RemoteFile, response: Response): void {
  const now = versionOf(response), sizeNow = sizeOf(response);
  const change = version !== null && now !== null && now !== version
    ? `its version is now ${now}, it was ${version}`
    : size !== null && sizeNow !== null && sizeNow !== size
    ? `it now has ${sizeNow} bytes, it had ${size}`
    : null;
  if (change === null) return;
  throw new Deno.errors.InvalidData(
    `Cannot continue reading ${url}: ${change} when reading began: start over with --resume never`,
  );
}
