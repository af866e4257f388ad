/**
 * Small objects of an object store, and requests that are retried. Source: the API reference of Amazon S3.
 *
 * @module
 */
import { limitedBody } from "../limited_body.ts";
import { type RetryOptions, withRetries } from "../retry.ts";
import { TransientError } from "../transient_error.ts";
import { codeIn, fetchS3, type S3Attempt, s3Refusal, type S3Request } from "./s3_request.ts";

/** The answer to a request. */
export interface S3Answer {
  readonly headers: Headers;
  readonly text: string;
}

/** What is asked, and what for. */
export interface S3Question extends Omit<S3Request, "signal">, RetryOptions, Pick<S3Attempt, "action"> {}

const MAX_ANSWER_BYTES = 1 << 24; // a thousand keys of 1,024 bytes, encoded, are about 4 MB
const SLOWEST_UPLOAD = 64; // bytes per millisecond: the time limit of a request grows with its body

/**
 * Asks the store until it answers with success, and returns its answer. The time limit of a try is `idle`
 * (default 30 s) and the time that its body takes at 64 kB/s. Throws the errors of `s3Refusal`, and
 * Deno.errors.ConnectionReset after too many failures in a row.
 */
export async function askS3(
  uri: string,
  { action, method = "GET", query, headers, body, ...retry }: S3Question,
): Promise<S3Answer> {
  const idle = (retry.idle ?? 30_000) + (body?.length ?? 0) / SLOWEST_UPLOAD;
  return await withRetries(uri, { ...retry, idle, action }, async (retries) => {
    const response = await retries.fetch((signal) =>
      fetchS3(uri, {
        method,
        signal,
        ...(query !== undefined && { query }),
        ...(headers !== undefined && { headers }),
        ...(body !== undefined && { body }),
      })
    );
    const chunks = retries.chunks(response);
    if (response.status < 200 || response.status > 299) {
      throw await s3Refusal(response, { action, uri, chunks });
    }
    const text = await limitedBody(response, { url: uri, chunks, bytes: MAX_ANSWER_BYTES }).text();
    // A store that has begun to answer before it is done reports a failure in the body.
    const code = codeIn(text);
    if (code !== null) throw new TransientError(`the store answered 200 and then ${code}`);
    return { headers: response.headers, text };
  });
}

/** A condition of a write, which the store checks; `absent`: there is no such object. */
export type WriteCondition = "absent" | { readonly etag: string };

/** How an object is written. */
export interface PutOptions extends RetryOptions {
  /** Default: none. */
  readonly condition?: WriteCondition | null;
}

/**
 * Writes an object, whole or not at all, and returns its ETag. Throws S3ConditionError if the condition does
 * not hold, S3UnsupportedError for a store that refuses conditions, and the errors of `askS3`.
 */
export async function putS3(
  uri: string,
  body: Uint8Array<ArrayBuffer>,
  { condition = null, ...retry }: PutOptions = {},
): Promise<string> {
  const headers: Readonly<Record<string, string>> = condition === null
    ? {}
    : condition === "absent"
    ? { "if-none-match": "*" }
    : { "if-match": condition.etag };
  const answer = await askS3(uri, { ...retry, action: "write", method: "PUT", headers, body });
  return answer.headers.get("etag") ?? "";
}

/** A small object. */
export interface SmallObject {
  readonly text: string;
  readonly etag: string;
}

/** Returns a small object of text, or null if there is none. Throws the errors of `askS3`. */
export async function getS3(uri: string, retry: RetryOptions = {}): Promise<SmallObject | null> {
  try {
    const { text, headers } = await askS3(uri, { ...retry, action: "read" });
    return { text, etag: headers.get("etag") ?? "" };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound && /\bNoSuchKey\b/.test(error.message)) return null;
    throw error;
  }
}

/** Removes an object, which need not exist. Throws the errors of `askS3`. */
export async function removeS3(uri: string, retry: RetryOptions = {}): Promise<void> {
  await askS3(uri, { ...retry, action: "remove", method: "DELETE" });
}
