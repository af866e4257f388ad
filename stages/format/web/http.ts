/**
 * Parses HTTP responses that are stored in archives: status, header fields, and the body, from which chunking
 * and compression are removed. Source: RFC 9112 (messages), RFC 9110 (content codings).
 *
 * @module
 */
import { brotliDecompressSync, constants, gunzipSync, inflateRawSync, inflateSync } from "node:zlib";

/** A parsed response. */
export interface HttpResponse {
  /** Status code, such as 200. */
  readonly status: number;
  /** Header fields; names in lower case. */
  readonly fields: ReadonlyMap<string, string>;
  /** The decompressed body; its character encoding is that of the page. */
  readonly body: Uint8Array<ArrayBuffer>;
}

const MAX_BODY_BYTES = 1 << 26; // a larger body is a decompression bomb or not a page
const MAX_CODINGS = 5; // the browsers' limit
const CHUNK_HEAD_BYTES = 64; // enough for a chunk's size; extensions after the size are ignored
// With Z_SYNC_FLUSH, a truncated body is decompressed as far as it goes.
const unpackOptions = { maxOutputLength: MAX_BODY_BYTES, finishFlush: constants.Z_SYNC_FLUSH };

/**
 * Parses a stored response; null if the bytes are not a response. Throws RangeError for a body that
 * decompresses to more than 64 MiB or has more than five layers of compression.
 */
export function parseResponse(bytes: Uint8Array<ArrayBuffer>): HttpResponse | null {
  const head = new TextDecoder("latin1").decode(bytes.subarray(0, 1 << 18));
  const end = /\r?\n\r?\n/.exec(head);
  const start = /^HTTP\/\d(?:\.\d)? +(\d{3})/.exec(head);
  if (start === null) return null;
  const fields = new Map<string, string>();
  for (const line of head.slice(0, end?.index ?? head.length).split(/\r?\n/).slice(1)) {
    const colon = line.indexOf(":");
    if (colon > 0) fields.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  let body = end === null ? new Uint8Array(0) : bytes.subarray(end.index + end[0].length);
  if (/\bchunked\b/i.test(fields.get("transfer-encoding") ?? "")) body = unchunk(body);
  const codings = (fields.get("content-encoding") ?? "").toLowerCase().split(",", MAX_CODINGS + 1);
  if (codings.length > MAX_CODINGS) {
    throw new RangeError(`Cannot decompress the body: it has more than ${MAX_CODINGS} layers of compression`);
  }
  for (const coding of codings.reverse()) body = decode(body, coding.trim());
  return { status: Number(start[1]), fields, body };
}

/**
 * Undoes one content coding. Archives often store a decompressed body together with its original header; such
 * a body is returned unchanged.
 */
function decode(body: Uint8Array<ArrayBuffer>, coding: string): Uint8Array<ArrayBuffer> {
  try {
    switch (coding) {
      case "gzip":
      case "x-gzip":
        return body[0] === 0x1f && body[1] === 0x8b ? new Uint8Array(gunzipSync(body, unpackOptions)) : body;
      case "deflate":
        return new Uint8Array(
          (body[0] & 0x0f) === 8 ? inflateSync(body, unpackOptions) : inflateRawSync(body, unpackOptions),
        );
      case "br":
        return new Uint8Array(brotliDecompressSync(body, { maxOutputLength: MAX_BODY_BYTES }));
      default:
        return body;
    }
  } catch (cause) {
    if (
      cause instanceof RangeError ||
      (cause instanceof Error && "code" in cause && cause.code === "ERR_BUFFER_TOO_LARGE")
    ) {
      throw new RangeError(`Cannot decompress the body: it has more than ${MAX_BODY_BYTES} bytes`, { cause });
    }
    return body;
  }
}

/**
 * Copies the chunks of a body into one array. A chunk may be a single byte, so a view per chunk could take a
 * hundred times the memory of the body.
 */
function unchunk(body: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(body.length);
  let size = 0;
  for (let at = 0; at < body.length;) {
    const head = new TextDecoder("latin1").decode(body.subarray(at, at + CHUNK_HEAD_BYTES));
    const digits = /^\s*([0-9a-f]+)/i.exec(head);
    const end = body.indexOf(10, at);
    // The body is truncated, or not chunked at all.
    if (digits === null || end < 0) return size === 0 ? body : out.subarray(0, size);
    const count = parseInt(digits[1], 16);
    if (count === 0) break;
    const part = body.subarray(end + 1, end + 1 + count);
    out.set(part, size);
    size += part.length;
    at = end + 1 + count;
    while (body[at] === 13 || body[at] === 10) at++;
  }
  return out.subarray(0, size);
}
