/**
 * Reads WARC records from unpacked bytes, each with its position. Source: ISO 28500, WARC 1.0 and 1.1.
 *
 * @module
 */
import { ByteQueue } from "../packed/byte_queue.ts";

/** A WARC record. */
export interface WarcRecord {
  /** Number of the record in the file, starting at 1. */
  readonly number: number;
  /** Byte offset of the record, from the start of the unpacked file. */
  readonly offset: number;
  /** `WARC-Type`: response, conversion, request, warcinfo, … */
  readonly type: string;
  /** Named fields; names in lower case. */
  readonly fields: ReadonlyMap<string, string>;
  /** The content; null if the record's type was not requested, or if the content is longer than the limit. */
  readonly block: Uint8Array<ArrayBuffer> | null;
  /** Position of the next record. */
  readonly next: WarcPosition;
}

/** Position of a record, as saved in a cursor. */
export interface WarcPosition {
  /** Byte offset of the record, from the start of the unpacked file. */
  readonly offset: number;
  /** Number of records before this record. */
  readonly record: number;
}

/** Options of `readWarc`. */
export interface WarcOptions {
  /**
   * Whether to stop before the record that begins at byte `offset`. Default: never, so reading ends after the
   * last byte.
   */
  readonly ends?: (offset: number) => boolean;
  /** Name of the file for error messages. */
  readonly name: string;
  /** Position at which the bytes begin (default: the file's start). */
  readonly from?: WarcPosition;
  /** Record types whose blocks are read (default all); other blocks are skipped. */
  readonly types?: readonly string[];
  /** Maximum length of a block that is read, in bytes (default 64 MiB). */
  readonly limit?: number;
}

const MAX_LINE_BYTES = 1 << 16;
const MAX_FIELDS_BYTES = 1 << 20;
const FIRST_LINE_BYTES = 12; // "\nWARC/1.0\r\n"

/**
 * Reads records from bytes that begin at `from`. Throws SyntaxError if a record is invalid and
 * Deno.errors.UnexpectedEof if the file ends within a record; both name file, record and byte.
 */
export async function* readWarc(
  chunks: AsyncIterable<Uint8Array<ArrayBuffer>>,
  options: WarcOptions,
): AsyncGenerator<WarcRecord> {
  const { name, from = { offset: 0, record: 0 }, types, limit = 1 << 26, ends } = options;
  const input = new ByteQueue(chunks, from.offset);
  for (let number = from.record + 1;; number++) {
    let offset = input.offset;
    let line = await readLine(input);
    while (line === "") { // a record is followed by two line ends; some writers write more, or none
      offset = input.offset;
      line = await readLine(input);
    }
    if (line === null || ends?.(offset)) return;
    const at = `record ${number} of ${name} (byte ${offset})`;
    if (!/^WARC\/\d+\.\d+$/.test(line)) {
      const begin = JSON.stringify(line.slice(0, 40));
      const hint = number === 1
        ? "is it a WARC file?"
        : "the record before it is damaged: fetch the file again";
      throw new SyntaxError(`Cannot read ${at}: it begins with ${begin}, expected "WARC/1.0": ${hint}`);
    }
    const fields = await readFields(input, at);
    if (fields === null) throw endsEarly(at, "its fields");
    const contentLength = fields.get("content-length");
    const length = contentLength !== undefined && /^\d{1,15}$/.test(contentLength)
      ? Number(contentLength)
      : NaN;
    if (Number.isNaN(length)) {
      throw new SyntaxError(
        `Cannot read ${at}: its Content-Length is ${contentLength?.slice(0, 40)}, expected a number of bytes`,
      );
    }
    const type = fields.get("warc-type") ?? "";
    const keep = length <= limit && (types === undefined || types.includes(type));
    const { block, missing } = await readBlock(input, { length, keep });
    if (missing > 0) throw endsEarly(at, `its block, ${missing} of ${length} bytes early`);
    await input.fill(2);
    const after = new TextDecoder("latin1").decode(input.peek(2));
    if (!/^($|\r|\n|\0|WA)/.test(after)) {
      throw new SyntaxError(
        `Cannot read ${at}: after its block of ${length} bytes comes ${
          JSON.stringify(after)
        }, expected a line end: its Content-Length is wrong or the file is damaged here: fetch the file again`,
      );
    }
    yield { number, offset, type, fields, block, next: { offset: input.offset, record: number } };
  }
}

/**
 * Returns the unpacked byte offset of the next record after a damaged one, or null if there is none. A record
 * is recognized by its first line, which must follow a line ending or zeros (downloads can have gaps of
 * zeros). A record that begins exactly at `offset`, or after nothing but line endings, is the damaged one and
 * is skipped.
 */
export async function findRecord(
  chunks: AsyncIterable<Uint8Array<ArrayBuffer>>,
  offset: number,
): Promise<number | null> {
  const decoder = new TextDecoder("latin1");
  let text = "\n"; // as if a line had ended before `offset`
  let begin = offset - 1; // offset of `text`
  let blank = true; // so far only line ends have been read
  for await (const chunk of chunks) {
    text += decoder.decode(chunk);
    for (const { index } of text.matchAll(/[\n\0]WARC\/\d\.\d\r?\n/g)) {
      const isDamagedOne = blank && /^[\r\n]*$/.test(text.slice(0, index));
      if (!isDamagedOne) return begin + index + 1;
      blank = false;
    }
    blank &&= /^[\r\n]*$/.test(text);
    const rest = text.slice(-FIRST_LINE_BYTES);
    begin += text.length - rest.length;
    text = rest;
  }
  return null;
}

/** Reads the fields up to the blank line; null if the file ends before it. */
async function readFields(input: ByteQueue, at: string): Promise<Map<string, string> | null> {
  const fields = new Map<string, string>();
  let last = "";
  for (const begin = input.offset;;) {
    const line = await readLine(input);
    if (input.offset - begin > MAX_FIELDS_BYTES) {
      throw new SyntaxError(
        `Cannot read ${at}: its fields do not end within ${MAX_FIELDS_BYTES} bytes: it is damaged: fetch the file again`,
      );
    }
    if (line === null) return null;
    if (line === "") return fields;
    const colon = line.indexOf(":");
    if (/^[ \t]/.test(line)) { // continues the previous field
      fields.set(last, `${fields.get(last) ?? ""} ${line.trim()}`);
    } else if (colon > 0) {
      last = line.slice(0, colon).trim().toLowerCase();
      fields.set(last, line.slice(colon + 1).trim());
    }
  }
}

/** Reads the next line without its line ending, at most 64 KiB of it; null at the end of the file. */
async function readLine(input: ByteQueue): Promise<string | null> {
  for (let count = 1;;) {
    const hasMore = await input.fill(count);
    const held = input.peek(MAX_LINE_BYTES + 1);
    if (held.length === 0) return null;
    const end = held.indexOf(10);
    if (end < 0 && hasMore && held.length <= MAX_LINE_BYTES) {
      count = held.length + 1;
      continue;
    }
    const size = end < 0 ? Math.min(held.length, MAX_LINE_BYTES) : end;
    const line = new TextDecoder().decode(held.subarray(0, size)).replace(/\r$/, "");
    input.drop(size + (end < 0 ? 0 : 1));
    return line;
  }
}

/**
 * Reads the next `length` bytes, or skips them if `keep` is false. `missing` is the number of these bytes
 * that are beyond the end of the file.
 */
async function readBlock(
  input: ByteQueue,
  { length, keep }: { readonly length: number; readonly keep: boolean },
): Promise<{ readonly block: Uint8Array<ArrayBuffer> | null; readonly missing: number }> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let missing = length;
  while (missing > 0 && await input.fill(1)) {
    const part = input.peek(missing);
    if (keep) parts.push(part);
    missing -= part.length;
    input.drop(part.length);
  }
  return { block: keep ? new Uint8Array(await new Blob(parts).arrayBuffer()) : null, missing };
}

function endsEarly(at: string, part: string): Error {
  return new Deno.errors.UnexpectedEof(
    `Cannot read ${at}: the file ends within ${part}: it is truncated: fetch it again`,
  );
}
