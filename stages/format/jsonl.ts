/**
 * JSON lines: one value a line, each with its place, so that a reader can go on at any of them.
 * Source: jsonlines.org; UTF-8, a byte order mark and blank lines are passed over.
 *
 * @module
 */
import { lines } from "./lines.ts";

/** Where reading stands: what a cursor keeps. */
export interface JsonlPlace {
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
  readonly next: JsonlPlace;
}

/** Where to begin and what errors call the file. */
export interface JsonlOptions {
  /** What errors call the file. */
  readonly name: string;
  /** Where the bytes begin (default the start). */
  readonly from?: JsonlPlace;
  /** Longest line in bytes (default 64 MiB). */
  readonly limit?: number;
}

/**
 * Reads values from bytes that begin at `from`. Throws SyntaxError for a line that is no JSON and RangeError for one
 * that is too long, each with file, line and byte.
 */
export async function* readJsonl(
  chunks: AsyncIterable<Uint8Array<ArrayBuffer>>,
  options: JsonlOptions,
): AsyncGenerator<JsonlRecord> {
  const { name, from = { offset: 0, line: 0 }, limit = 1 << 26 } = options;
  const decoder = new TextDecoder();
  let { offset, line } = from;
  for await (const { bytes, end, whole } of lines(chunks, { offset, limit })) {
    line++;
    if (!whole) {
      throw new RangeError(
        `Cannot read line ${line} of ${name} (byte ${offset}): it is longer than ${limit} bytes: is this JSON lines`,
      );
    }
    const text = decoder.decode(bytes); // takes a byte order mark off
    const next = { offset: end, line };
    if (text.trim() !== "") yield { value: parse(text, { name, line, offset }), line, next };
    offset = end;
  }
}

function parse(text: string, at: { name: string; line: number; offset: number }): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SyntaxError(
      `Cannot read line ${at.line} of ${at.name} (byte ${at.offset}): ${why}: mend or remove the line`,
      { cause },
    );
  }
}
