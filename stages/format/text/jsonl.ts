/**
 * Reads JSON lines: one JSON value per line, in UTF-8, as `parseRecord` reads it. Each value comes with its
 * position, so that a reader can resume at any line. A byte order mark and blank lines are ignored. Source:
 * jsonlines.org.
 *
 * @module
 */
import { firstBadByte } from "./encodings.ts";
import { lines } from "./lines.ts";
import { parseRecord } from "./parse_record.ts";

/** Position of a line, as saved in a cursor. */
export interface JsonlPosition {
  /** Byte offset of the line, from the start of the unpacked file. */
  readonly offset: number;
  /** Number of lines before this line. */
  readonly line: number;
}

/** A value and its line. */
export interface JsonlRecord {
  /** The parsed value; its type is not checked. */
  readonly value: unknown;
  /** Line number, starting at 1. */
  readonly line: number;
  /** Position of the next line. */
  readonly next: JsonlPosition;
}

/** Options of `readJsonl`. */
export interface JsonlOptions {
  /** Name of the file for error messages. */
  readonly name: string;
  /** Position at which the bytes begin (default: the file's start). */
  readonly from?: JsonlPosition;
  /** Maximum length of a line in bytes (default 64 MiB). */
  readonly limit?: number;
  /**
   * Called for each line that cannot be read; the line is then skipped. By default, the error is thrown
   * instead.
   */
  readonly onUnreadable?: (error: Error, line: UnreadableLine) => void;
  /**
   * Whether to stop before the line that begins at byte `offset`. Default: never, so reading ends after the
   * last byte.
   */
  readonly ends?: (offset: number) => boolean;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** A line that is skipped because it cannot be read. */
export interface UnreadableLine {
  /** Line number, starting at 1. */
  readonly line: number;
  /** Position of the next line. */
  readonly next: JsonlPosition;
  /** Why the line cannot be read: it is not JSON, or it is longer than the limit. */
  readonly reason: "no_json" | "too_long";
}

/**
 * Reads values from bytes that begin at `from`. Throws SyntaxError for a line that is not JSON and RangeError
 * for one that is too long; both name file, line and byte.
 */
export async function* readJsonl(
  chunks: AsyncIterable<Uint8Array<ArrayBuffer>>,
  options: JsonlOptions,
): AsyncGenerator<JsonlRecord> {
  const { name, from = { offset: 0, line: 0 }, limit = 1 << 26, onUnreadable, ends } = options;
  let { offset, line } = from;
  let long: RangeError | null = null; // set while the rest of a too long line is skipped
  for await (const { bytes, end, complete } of lines(chunks, { offset, limit })) {
    if (long === null && ends?.(offset)) return;
    if (long === null) line++;
    const next = { offset: end, line };
    if (!complete && long === null) {
      long = new RangeError(
        `Cannot read line ${line} of ${name} (byte ${offset}): it is longer than ${limit} bytes: is it a JSON lines file?`,
      );
      if (onUnreadable === undefined) throw long;
    }
    if (long !== null) {
      if (!complete) continue;
      onUnreadable?.(long, { line, next, reason: "too_long" });
      long = null;
    } else {
      const value = parse(bytes, { name, line, offset });
      if (value instanceof SyntaxError) {
        if (onUnreadable === undefined) throw value;
        onUnreadable(value, { line, next, reason: "no_json" });
      } else if (value !== undefined) yield { value, line, next };
    }
    offset = end;
  }
  if (long !== null) onUnreadable?.(long, { line, next: { offset, line }, reason: "too_long" });
}

/**
 * Returns the value of a line, undefined for a blank line, or the error for a line that is not JSON in UTF-8.
 */
function parse(
  bytes: Uint8Array<ArrayBuffer>,
  at: { name: string; line: number; offset: number },
): unknown | SyntaxError {
  try {
    const text = utf8.decode(bytes); // drops a byte order mark
    return text.trim() === "" ? undefined : parseRecord(text);
  } catch (cause) {
    const bad = cause instanceof TypeError ? firstBadByte(bytes) : null;
    const why = bad !== null
      ? `byte ${at.offset + bad} of the file is not valid UTF-8`
      : cause instanceof Error
      ? cause.message
      : String(cause);
    return new SyntaxError(
      `Cannot read line ${at.line} of ${at.name} (byte ${at.offset}): ${why}: correct or remove the line`,
      { cause },
    );
  }
}
