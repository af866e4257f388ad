/**
 * Requests to an object store: their addresses, signatures and errors. Signatures are made by npm aws4fetch.
 * Source: the API reference of Amazon S3, which compatible stores follow.
 *
 * @module
 */
import { importPackage } from "../../../disk/packages.ts";
import { TransientError } from "../transient_error.ts";
import { s3PlaceOf } from "./s3_uri.ts";
import { type S3Settings, s3Settings } from "./settings.ts";

/** What is asked of the store. */
export interface S3Request {
  readonly method?: "GET" | "PUT" | "POST" | "DELETE";
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer>;
  readonly signal: AbortSignal;
  /** Time of the signature, such as "20130524T000000Z"; default: now. For tests. */
  readonly datetime?: string;
}

const signingKeys = new Map<string, ArrayBuffer>(); // by secret, day and region: aws4fetch's cache
const MAX_SIGNING_KEYS = 100;

/**
 * Sends one request about the object, or the prefix, at `uri`. Returns the response, whatever its status. A
 * redirect is not followed: see `s3Refusal`. Throws the errors of `s3Settings` and of fetch().
 */
export async function fetchS3(uri: string, request: S3Request): Promise<Response> {
  const { url, headers } = await signedS3(uri, request, await s3Settings());
  const { method = "GET", body, signal } = request;
  return await fetch(url, {
    method,
    headers,
    signal,
    redirect: "manual",
    ...(body !== undefined && { body }),
  });
}

/** Returns a request's address and its headers, which are signed if there are credentials. */
export async function signedS3(
  uri: string,
  { method = "GET", query = {}, headers = {}, body, datetime }: Omit<S3Request, "signal">,
  settings: S3Settings,
): Promise<{ readonly url: URL; readonly headers: Headers }> {
  const url = urlOf(uri, settings);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  // The store refuses a body that does not have this sum, so that no damaged one is kept.
  const sum = await crypto.subtle.digest("SHA-256", body ?? new Uint8Array());
  const all = { ...headers, "x-amz-content-sha256": new Uint8Array(sum).toHex() };
  if (settings.credentials === null) return { url, headers: new Headers(all) };
  const { AwsV4Signer } = await importPackage("aws4fetch");
  if (signingKeys.size > MAX_SIGNING_KEYS) signingKeys.clear();
  const signer = new AwsV4Signer({
    url: url.href,
    method,
    headers: all,
    ...settings.credentials,
    service: "s3",
    region: settings.region,
    cache: signingKeys,
    ...(datetime !== undefined && { datetime }),
  });
  return await signer.sign();
}

/** Address of an object: the bucket is in the host name, or the first part of the path. */
function urlOf(uri: string, { endpoint, region, pathStyle }: S3Settings): URL {
  const { bucket, key } = s3PlaceOf(uri);
  const path = key.split("/").map(encodeURIComponent).join("/");
  const base = new URL(
    endpoint ?? `https://s3.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`,
  );
  const inPath = pathStyle || bucket.includes("."); // a certificate covers one level of names
  if (!inPath) base.hostname = `${bucket}.${base.hostname}`;
  const root = base.pathname.replace(/\/$/, "");
  base.pathname = inPath ? `${root}/${bucket}/${path}` : `${root}/${path}`;
  return base;
}

/** The error of a conditional write whose condition does not hold, such as "the object does not exist". */
export class S3ConditionError extends Error {
  override readonly name = "S3ConditionError";
}

/** The error of a store that does not know the operation or one of its headers. */
export class S3UnsupportedError extends Error {
  override readonly name = "S3UnsupportedError";
}

/** The error for bytes that an object does not have: it is empty, or has become shorter. */
export class S3RangeError extends Deno.errors.InvalidData {
  override readonly name = "S3RangeError";
}

/** An attempt that the store has refused. */
export interface S3Attempt {
  /** Completes "Cannot … URI": "read", "write", "list", "remove". */
  readonly action: string;
  readonly uri: string;
  /** The body of the answer, such as `Retries.chunks()` of it, which ends one that stalls. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

const transientCodes = new Set([
  "InternalError",
  "OperationAborted",
  "RequestTimeout",
  "ServiceUnavailable",
  "SlowDown",
  "ConditionalRequestConflict", // another write to the key is on its way
]);
const transientStatuses = new Set([408, 425, 429, 500, 502, 503, 504]);

const MAX_ERROR_BYTES = 1 << 16;

/**
 * Returns the error for a response without success, and reads its body: TransientError for one that may
 * succeed later and for one that broke off before its code, S3ConditionError, S3UnsupportedError,
 * S3RangeError, Deno.errors.NotFound, PermissionDenied, or Http for anything else. Only the code of the
 * store's message is repeated: the message may name keys.
 */
export async function s3Refusal({ status, headers }: Response, attempt: S3Attempt): Promise<Error> {
  const { text, whole } = await errorTextOf(attempt.chunks);
  const found = codeIn(text), code = found ?? codeOfStatus(status);
  const cannot = `Cannot ${attempt.action} ${attempt.uri}`, answered = `the store answered ${status} ${code}`;
  // Without the code it is not known what is missing, such as the object or its whole bucket.
  const cut = found === null && !whole;
  if (cut || transientStatuses.has(status) || transientCodes.has(code)) {
    return new TransientError(answered, pauseOf(headers.get("retry-after")));
  }
  const region = headers.get("x-amz-bucket-region");
  if (region !== null && (status === 301 || status === 307 || code === "AuthorizationHeaderMalformed")) {
    const name = region.replace(/[^\w-]/g, "").slice(0, 40);
    return new Deno.errors.NotFound(
      `${cannot}: its bucket is in another region: set AWS_REGION=${name} and type the command again`,
    );
  }
  switch (status) {
    case 401:
    case 403:
      return new Deno.errors.PermissionDenied(`${cannot}: ${answered}: ${adviceOf(code, await keysText())}`);
    case 404:
    case 410:
      return new Deno.errors.NotFound(
        `${cannot}: ${answered}: check ${
          code === "NoSuchBucket" ? "the bucket, and AWS_ENDPOINT_URL" : "the address"
        }`,
      );
    case 412:
      return new S3ConditionError(`${cannot}: ${answered}: another process has written it`);
    case 416:
      return new S3RangeError(
        `${cannot}: the object is empty, or has become shorter: check the address`,
      );
    case 405:
    case 501:
      return new S3UnsupportedError(`${cannot}: ${answered}`);
    default:
      return new Deno.errors.Http(
        `${cannot}: ${answered}: check the address, AWS_ENDPOINT_URL and AWS_REGION`,
      );
  }
}

/** Where credentials come from, in words. */
async function keysText(): Promise<string> {
  return (await s3Settings()).credentials === null
    ? "there are no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write them to ~/.aws/credentials"
    : "these credentials may not do this: check AWS_PROFILE, AWS_ACCESS_KEY_ID and the bucket's policy";
}

function adviceOf(code: string, otherwise: string): string {
  switch (code) {
    case "ExpiredToken":
    case "TokenRefreshRequired":
      return "the temporary credentials have expired: renew them, and type the command again";
    case "RequestTimeTooSkewed":
      return "this machine's clock is wrong: set it";
    case "SignatureDoesNotMatch":
      return "the secret does not belong to the key: check AWS_SECRET_ACCESS_KEY and AWS_REGION";
    case "InvalidAccessKeyId":
      return "the store does not know the key: check AWS_ACCESS_KEY_ID and AWS_ENDPOINT_URL";
    default:
      return otherwise;
  }
}

/** The code of an error document, such as "NoSuchKey"; null if the body is none. */
export function codeIn(body: string): string | null {
  return /<Error>[^]*?<Code>([A-Za-z][\w.]{0,60})<\/Code>/.exec(body)?.[1] ?? null;
}

function codeOfStatus(status: number): string {
  return status >= 300 && status < 400 ? "(a redirect)" : "(without a code)";
}

/** The beginning of a body as text; it is not `whole` if the connection has failed before. */
async function errorTextOf(
  body: AsyncIterable<Uint8Array>,
): Promise<{ readonly text: string; readonly whole: boolean }> {
  const decoder = new TextDecoder();
  let text = "", bytes = 0;
  try {
    for await (const chunk of body) {
      bytes += chunk.length;
      text += decoder.decode(chunk, { stream: true });
      if (bytes >= MAX_ERROR_BYTES) break; // this cancels the rest
    }
    return { text, whole: true };
  } catch {
    return { text, whole: false };
  }
}

/** Returns the milliseconds that a Retry-After field in seconds asks for; null if it has none. */
function pauseOf(value: string | null): number | null {
  const seconds = value === null ? NaN : Number(value);
  return Number.isFinite(seconds) ? Math.max(0, 1000 * seconds) : null;
}
