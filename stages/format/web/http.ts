/**
 * Parses HTTP responses that are stored in archives: status, header fields, and the body, from which chunking
 * and compression are removed. Source: RFC 9112 (messages), RFC 9110 (content codings).
 *
 * @module
 */
import { decodeBody, decodeUnmarked } from "./content_coding.ts";

/** A parsed response. */
export interface HttpResponse {
  /** Status code, such as 200. */
  readonly status: number;
  /**
   * Header fields; names in lower case. Of a field that is given several times, the values are joined by
   * commas.
   */
  readonly fields: ReadonlyMap<string, string>;
  /** The decompressed body; its character encoding is that of the page. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** Whether the body is compressed and cannot be decompressed. */
  readonly damaged: boolean;
}

const MAX_HEAD_BYTES = 1 << 18;
const MAX_CODINGS = 5; // the browsers' limit
const MAX_INTERIM = 10; // interim responses, such as 100 Continue, before the final one
const CHUNK_HEAD_BYTES = 64; // enough for a chunk's size; extensions after the size are ignored

/**
 * Parses a stored response; null if the bytes are not a response. Interim responses before it are skipped.
 * Throws RangeError for a body that decompresses to more than 64 MiB or has more than five layers of
 * compression.
 */
export function parseResponse(bytes: Uint8Array<ArrayBuffer>): HttpResponse | null {
  let rest = bytes;
  for (let count = 0; count < MAX_INTERIM; count++) {
    const head = headOf(rest);
    if (head === null) return null;
    if (head.status >= 100 && head.status < 200 && head.end < rest.length) {
      rest = rest.subarray(head.end);
      continue;
    }
    return { status: head.status, fields: head.fields, ...unpacked(rest.subarray(head.end), head.fields) };
  }
  return null;
}

function headOf(
  bytes: Uint8Array<ArrayBuffer>,
): { readonly status: number; readonly fields: Map<string, string>; readonly end: number } | null {
  const head = new TextDecoder("latin1").decode(bytes.subarray(0, MAX_HEAD_BYTES));
  const start = /^HTTP\/\d(?:\.\d)? +(\d{3})/.exec(head);
  if (start === null) return null;
  const blank = /\r?\n\r?\n/.exec(head);
  const fields = new Map<string, string>();
  let last = "";
  for (const line of head.slice(0, blank?.index ?? head.length).split(/\r?\n/).slice(1)) {
    const colon = line.indexOf(":");
    if (/^[ \t]/.test(line)) { // continues the previous field
      if (last !== "") fields.set(last, `${fields.get(last) ?? ""} ${line.trim()}`.trim());
    } else if (colon > 0) {
      last = line.slice(0, colon).trim().toLowerCase();
      const value = line.slice(colon + 1).trim(), before = fields.get(last);
      fields.set(last, before === undefined ? value : `${before}, ${value}`);
    }
  }
  return {
    status: Number(start[1]),
    fields,
    end: blank === null ? bytes.length : blank.index + blank[0].length,
  };
}

/** Removes the chunking and all compression of a body. */
function unpacked(
  stored: Uint8Array<ArrayBuffer>,
  fields: ReadonlyMap<string, string>,
): { readonly body: Uint8Array<ArrayBuffer>; readonly damaged: boolean } {
  const transfer = codingsIn(fields.get("transfer-encoding"));
  let body = transfer.includes("chunked") ? unchunk(stored) : stored;
  const codings = [
    ...codingsIn(fields.get("content-encoding")),
    ...transfer.filter((name) => name !== "chunked"),
  ];
  if (codings.length > MAX_CODINGS) {
    throw new RangeError(`Cannot decompress the body: it has more than ${MAX_CODINGS} layers of compression`);
  }
  for (const coding of codings.reverse()) {
    const { outcome, bytes } = decodeBody(body, coding);
    if (outcome === "damaged") return { body, damaged: true };
    body = bytes;
  }
  for (let layers = codings.length; layers < MAX_CODINGS; layers++) {
    const { outcome, bytes } = decodeUnmarked(body);
    if (outcome !== "unpacked") return { body, damaged: outcome === "damaged" };
    body = bytes;
  }
  return { body, damaged: false };
}

function codingsIn(field: string | undefined): string[] {
  return (field ?? "").toLowerCase().split(",", 64).map((name) => name.trim()).filter((name) => name !== "");
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
