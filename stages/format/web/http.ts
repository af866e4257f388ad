/**
 * An HTTP response as an archive keeps it: status, fields, and the body with its chunking and packing undone.
 * Source: RFC 9112 (messages), RFC 9110 (content codings).
 *
 * @module
 */
import { brotliDecompressSync, constants, gunzipSync, inflateRawSync, inflateSync } from "node:zlib";

/** A response. */
export interface HttpResponse {
  /** Three digits. */
  readonly status: number;
  /** Names in lower case. */
  readonly fields: ReadonlyMap<string, string>;
  /** Unpacked, still in the page's charset. */
  readonly body: Uint8Array<ArrayBuffer>;
}

const mostBytes = 1 << 26; // a body beyond 64 MiB is a bomb or no page
const mostCodings = 5; // as browsers; each may unpack to 64 MiB
const longestChunkHead = 64; // what follows the size in it is passed over
const unpackOptions = { maxOutputLength: mostBytes, finishFlush: constants.Z_SYNC_FLUSH }; // cut short: what is there

/**
 * Parses a stored response; null if it is none. Throws RangeError if its body unpacks to more than 64 MiB or
 * is packed more than five times over.
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
  const codings = (fields.get("content-encoding") ?? "").toLowerCase().split(",", mostCodings + 1);
  if (codings.length > mostCodings) {
    throw new RangeError(`Body is packed more than ${mostCodings} times over`);
  }
  for (const coding of codings.reverse()) body = decode(body, coding.trim());
  return { status: Number(start[1]), fields, body };
}

/** Archives often undo codings and keep the field: a body that is not packed is taken as it is. */
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
        return new Uint8Array(brotliDecompressSync(body, { maxOutputLength: mostBytes }));
      default:
        return body;
    }
  } catch (cause) {
    if (
      cause instanceof RangeError ||
      (cause instanceof Error && "code" in cause && cause.code === "ERR_BUFFER_TOO_LARGE")
    ) {
      throw new RangeError(`Body unpacks to more than ${mostBytes} bytes`, { cause });
    }
    return body;
  }
}

/** Into one piece: a chunk may be a single byte, and a view of each would cost a hundred times the body. */
function unchunk(body: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(body.length);
  let size = 0;
  for (let at = 0; at < body.length;) {
    const head = new TextDecoder("latin1").decode(body.subarray(at, at + longestChunkHead));
    const digits = /^\s*([0-9a-f]+)/i.exec(head);
    const end = body.indexOf(10, at);
    if (digits === null || end < 0) return size === 0 ? body : out.subarray(0, size); // undone already, or cut short
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
