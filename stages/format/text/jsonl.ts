/**
 * JSON lines: one value a line, each with its place, so that a reader can go on at any of them.
 * Source: jsonlines.org; UTF-8, a byte order mark and blank lines are passed over.
 *
 * @module
 */
import { lines } from "./lines.ts";
import { parseJson } from "./parse_json.ts";

/** Where reading stands: what a cursor keeps. */
export interface JsonlPosition {
  /** Bytes before the next line, from the start of the unpacked file. */
  readonly offset: number;
  /** Lines before it. */
  readonly line: number;
}

/** One value and where it stood. */
export interface JsonlRecord {
  /** As JSON.parse gives it. */
  readonly value: unknown;
  /** Counted from 1. */
  readonly line: number;
  /** Where the line after it begins. */
  readonly next: JsonlPosition;
}

/** Where to begin and what errors call the file. */
export interface JsonlOptions {
  /** What errors call the file. */
  readonly name: string;
  /** Where the bytes begin (default the start). */
  readonly from?: JsonlPosition;
  /** Longest line in bytes (default 64 MiB). */
  readonly limit?: number;
  /** Takes lines that cannot be read, with the reason; they are passed over. Without it they are thrown. */
  readonly onUnreadable?: (error: Error, line: UnreadableLine) => void;
  /** Whether to end before the line that begins at byte `offset` (default: at the end of the bytes). */
  readonly ends?: (offset: number) => boolean;
}

/** A line that is passed over. */
export interface UnreadableLine {
  /** Counted from 1. */
  readonly line: number;
  /** Where the line after it begins. */
  readonly next: JsonlPosition;
  /** No JSON, or longer than the limit. */
  readonly reason: "no_json" | "too_long";
}

/**
 * Reads values from bytes that begin at `from`. Throws SyntaxError for a line that is no JSON and RangeError for one
 * that is too long, each with file, line and byte.
 */
export async function* readJsonl(
  chunks: AsyncIterable<Uint8Array<ArrayBuffer>>,
  options: JsonlOptions,
): AsyncGenerator<JsonlRecord> {
  const { name, from = { offset: 0, line: 0 }, limit = 1 << 26, onUnreadable, ends } = options;
  const decoder = new TextDecoder();
  let { offset, line } = from;
  let long: RangeError | null = null; // this line is beyond the limit: its other pieces are passed over
  for await (const { bytes, end, whole } of lines(chunks, { offset, limit })) {
    if (long === null && ends?.(offset)) return;
    if (long === null) line++;
    const next = { offset: end, line };
    if (!whole && long === null) {
      long = new RangeError(
        `Cannot read line ${line} of ${name} (byte ${offset}): it is longer than ${limit} bytes: is this JSON lines`,
      );
      if (onUnreadable === undefined) throw long;
    }
    if (long !== null) {
      if (!whole) continue;
      onUnreadable?.(long, { line, next, reason: "too_long" });
      long = null;
    } else {
      const text = decoder.decode(bytes); // takes a byte order mark off
      const value = text.trim() === "" ? undefined : parse(text, { name, line, offset });
      if (value instanceof SyntaxError) {
        if (onUnreadable === undefined) throw value;
        onUnreadable(value, { line, next, reason: "no_json" });
      } else if (value !== undefined) yield { value, line, next };
    }
    offset = end;
  }
  if (long !== null) onUnreadable?.(long, { line, next: { offset, line }, reason: "too_long" });
}

function parse(text: string, at: { name: string; line: number; offset: number }): unknown | SyntaxError {
  try {
    return parseJson(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    return new SyntaxError(
      `Cannot read line ${at.line} of ${at.name} (byte ${at.offset}): ${why}: mend or remove the line`,
      { cause },
    );
  }
}
