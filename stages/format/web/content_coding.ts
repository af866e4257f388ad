/**
 * Undoes the compression of stored HTTP bodies. Archives often store bodies that do not match their header:
 * already unpacked, packed twice, with bytes after the end, or cut. Source: RFC 9110, content codings.
 *
 * @module
 */
import {
  brotliDecompressSync,
  constants,
  gunzipSync,
  inflateRawSync,
  inflateSync,
  zstdDecompressSync,
} from "node:zlib";

/** What became of a body. */
export interface DecodedBody {
  /**
   * `unpacked`: the coding was undone. `plain`: the body was not packed. `damaged`: it is packed and cannot
   * be unpacked.
   */
  readonly outcome: "unpacked" | "plain" | "damaged";
  /** The unpacked bytes, or the body as it was. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Greatest length of an unpacked body, in bytes: a larger one is a decompression bomb or not a page. */
export const MAX_BODY_BYTES = 1 << 26;

// With a flush in place of an end, a truncated body is unpacked as far as it goes.
const zlibOptions = { maxOutputLength: MAX_BODY_BYTES, finishFlush: constants.Z_SYNC_FLUSH };
const brotliOptions = { maxOutputLength: MAX_BODY_BYTES, finishFlush: constants.BROTLI_OPERATION_FLUSH };

/**
 * Undoes one coding: gzip, deflate, br or zstd; a body in any other is `plain`. Throws RangeError for a body
 * that unpacks to more than 64 MiB.
 */
export function decodeBody(body: Uint8Array<ArrayBuffer>, coding: string): DecodedBody {
  const packed = packingByContent(body);
  switch (coding) {
    case "gzip":
    case "x-gzip":
    case "zstd":
      return packed === null ? { outcome: "plain", bytes: body } : unpack(body, packed);
    case "deflate":
      return packed !== null
        ? unpack(body, packed)
        : tried(body, () =>
          (body[0] & 0x0f) === 8 ? inflateSync(body, zlibOptions) : inflateRawSync(body, zlibOptions));
    case "br":
      return packed !== null
        ? unpack(body, packed)
        : tried(body, () => brotliDecompressSync(body, brotliOptions));
    default:
      return { outcome: "plain", bytes: body };
  }
}

/** Unpacks a body that is packed without a header that says so, or once more than its header says. */
export function decodeUnmarked(body: Uint8Array<ArrayBuffer>): DecodedBody {
  const packed = packingByContent(body);
  return packed === null ? { outcome: "plain", bytes: body } : unpack(body, packed);
}

function packingByContent([a, b, c, d]: Uint8Array): "gzip" | "zstd" | null {
  if (a === 0x1f && b === 0x8b && c === 8) return "gzip";
  return a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd ? "zstd" : null;
}

function unpack(body: Uint8Array<ArrayBuffer>, packing: "gzip" | "zstd"): DecodedBody {
  const attempts = packing === "zstd"
    ? [() => zstdDecompressSync(body, { maxOutputLength: MAX_BODY_BYTES })]
    // A second attempt ignores the checksum and bytes after the end.
    : [
      () => gunzipSync(body, zlibOptions),
      () => inflateRawSync(body.subarray(gzipHeader(body)), zlibOptions),
    ];
  for (const attempt of attempts) {
    const bytes = bytesOf(attempt);
    if (bytes !== null && bytes.length > 0) return { outcome: "unpacked", bytes };
  }
  return { outcome: "damaged", bytes: body };
}

function tried(body: Uint8Array<ArrayBuffer>, attempt: () => Uint8Array): DecodedBody {
  if (body.length === 0) return { outcome: "plain", bytes: body };
  // These codings have no magic number: a body of text was not packed.
  if (looksLikeText(body)) return { outcome: "plain", bytes: body };
  const bytes = bytesOf(attempt);
  return bytes === null || bytes.length === 0
    ? { outcome: "damaged", bytes: body }
    : { outcome: "unpacked", bytes };
}

/** Returns the unpacked bytes, or null if they cannot be unpacked. Throws RangeError if they are too many. */
function bytesOf(attempt: () => Uint8Array): Uint8Array<ArrayBuffer> | null {
  try {
    return new Uint8Array(attempt());
  } catch (cause) {
    if (
      cause instanceof RangeError ||
      (cause instanceof Error && "code" in cause && cause.code === "ERR_BUFFER_TOO_LARGE")
    ) {
      throw new RangeError(`Cannot decompress the body: it has more than ${MAX_BODY_BYTES} bytes`, { cause });
    }
    return null;
  }
}

/** Returns the length of a gzip header. Source: RFC 1952. */
function gzipHeader(body: Uint8Array): number {
  const flags = body[3];
  let at = 10;
  if (flags & 4) at += 2 + (body[at] | body[at + 1] << 8);
  for (const flag of [8, 16]) {
    if (flags & flag) at = body.indexOf(0, at) + 1 || body.length;
  }
  return flags & 2 ? at + 2 : at;
}

/** Returns whether bytes begin as markup or text: hardly any control characters in their first 512. */
function looksLikeText(body: Uint8Array): boolean {
  const head = body.subarray(0, 512);
  const controls = head.reduce((sum, byte) => sum + Number(byte < 32 && (byte < 9 || byte > 13)), 0);
  return controls <= 0.02 * head.length &&
    (head.some((byte) => byte === 0x3c) || head.every((byte) => byte < 0x80));
}
