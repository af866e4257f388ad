/**
 * Files of JSON records as documents: JSON lines (.jsonl), and JSON files (.json) that hold one record or an
 * array of records.
 *
 * @module
 */
import { type Anchor, Anchors, readUnpacked } from "../../format/packed/packed_file.ts";
import type { JsonlPosition } from "../../format/text/jsonl.ts";
import { decoded, UTF8 } from "../../format/text/encodings.ts";
import { parseRecord } from "../../format/text/parse_record.ts";
import { type ByteRange, rangeName, wholeFile } from "../../format/packed/byte_range.ts";
import { LineBounds } from "../../format/packed/line_bounds.ts";
import type { Source } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";
import {
  type DamageOptions,
  isDamage,
  noteLostFields,
  skipInputOnce,
  skipRecord,
  untilDamage,
} from "./damage.ts";
import { documentFromRecord, type RecordKeys, recordsIn } from "./record.ts";
import { readJsonLines } from "./json_lines.ts";

const maxJsonLength = 1 << 28; // characters: half of the longest string that V8 can hold
const maxJsonValues = 1 << 23; // values; as objects they take about half a gigabyte

/** Position in a file of JSON lines. */
export interface JsonlState {
  /** Byte offset of the next line in the decompressed file. */
  offset: number;
  /** Number of lines before the next line. */
  line: number;
  /** Number of records of that line that have been read; absent for 0. */
  within?: number;
  /** Point at which decompression can start in order to reach the next line. Default: the file's start. */
  anchor?: Anchor;
  /** Greatest offset at which a line of the range may begin; absent until it is known. */
  last?: number;
  /** Set once damage to the compressed data has been reported; nothing after the damage can be read. */
  damaged?: true;
  /** Set after the note about the first skipped line; further skipped lines are only counted. */
  noted?: true;
  /** Names of fields that have been noted as left out. */
  lost?: string[];
}

/** Which part of a file is read, and how damage is handled. */
export interface JsonlFileOptions extends DamageOptions, RecordKeys {
  /**
   * The range of bytes to read (default: the whole file). In a .gz file, reading begins at the first gzip
   * member that begins in this range.
   */
  readonly range?: ByteRange;
}

/**
 * One document per line. A document's id is that of its record; if the record has none, the id is
 * "path:line", or "path#byte:line" in a range.
 *
 * Throws SyntaxError for a line that is not JSON, TypeError for a record without text, RangeError for a line
 * longer than 64 MiB. With `damaged: "skip"`, these lines are dropped as `no_json`, `no_text` and `too_long`;
 * if the compressed data is damaged, the rest of the file is dropped as `damaged`.
 */
export function jsonlFile(
  path: string,
  { damaged = "refuse", range = wholeFile, ...keys }: JsonlFileOptions = {},
): Source<Document, JsonlState> {
  const part = rangeName(path, range);
  const skips = damaged === "skip";
  return {
    name: part,
    open: (_ctx, saved = { offset: 0, line: 0 }) => ({ ...saved }),
    async *read(state, ctx) {
      const bounds = new LineBounds(path, { range, cursor: state });
      const entered = await bounds.enter(ctx.signal).catch((error) => {
        if (!skips || !isDamage(error)) throw error;
        skipInputOnce(state, { ctx, path, error });
        return false;
      });
      if (!entered) return;
      const anchors = new Anchors(state.anchor);
      const place = { offset: state.offset, anchor: anchors.before(state.offset) };
      const onMove = (next: JsonlPosition): void => {
        Object.assign(state, next, { anchor: anchors.before(next.offset) });
      };
      const onAnchor = (anchor: Anchor): void => {
        anchors.pass(anchor);
        bounds.pass(anchor);
      };
      const bytes = untilDamage(
        readUnpacked(path, { ...place, onAnchor, signal: ctx.signal }),
        skips ? (error) => skipInputOnce(state, { ctx, path, error }) : null,
      );
      yield* readJsonLines(bytes, { ...keys, ctx, path, part, ends: bounds.isBeyond, state, onMove, skips });
    },
  };
}

/** Position in a JSON file. */
export interface JsonState {
  /** Index of the next record, starting at 0. */
  next: number;
  /** Set once it has been reported that the file cannot be read. */
  damaged?: true;
  /** Set after the note about the first skipped record; further skipped records are only counted. */
  noted?: true;
  /** Names of fields that have been noted as left out. */
  lost?: string[];
}

/**
 * Returns one document per record of an array, or those of a single value: see `recordsIn`. The whole file is
 * held in memory.
 *
 * Throws RangeError for a file longer than 268,435,456 characters, SyntaxError if it is not JSON, TypeError
 * for a record without text. With `damaged: "skip"`, the file is dropped as `damaged` in the first two cases,
 * and a record without text is dropped as `no_text`.
 */
export function jsonFile(
  path: string,
  { damaged = "refuse", ...keys }: DamageOptions & RecordKeys = {},
): Source<Document, JsonState> {
  const skips = damaged === "skip";
  return {
    name: path,
    open: (_ctx, saved = { next: 0 }) => ({ ...saved }),
    async *read(state, ctx) {
      const values = await parseWhole(path, ctx.signal).catch((error) => {
        if (!skips || !isDamage(error)) throw error;
        skipInputOnce(state, { ctx, path, error });
        return [];
      });
      const records = values.flatMap((value) => recordsIn(value, keys));
      const reading = { ...keys, onLost: noteLostFields(state, { ctx, path }) };
      while (state.next < records.length) {
        const row = records[state.next++];
        const doc = documentFromRecord(row, { path, unit: "record", number: state.next }, reading);
        if (!(doc instanceof TypeError)) yield doc;
        else if (!skips) throw doc;
        else skipRecord(state, { ctx, error: doc, path, id: `${path}:${state.next}`, reason: "no_text" });
      }
    },
  };
}

async function parseWhole(path: string, signal: AbortSignal): Promise<readonly unknown[]> {
  const advice = "convert the file to UTF-8, or leave it out with --damaged skip";
  const bytes = readUnpacked(path, { signal });
  let text = "";
  for await (const piece of decoded(bytes, { encoding: UTF8, name: path, advice })) {
    text += piece;
    if (text.length > maxJsonLength) {
      throw new RangeError(
        `Cannot read ${path} as one JSON value: it is longer than ${maxJsonLength} characters: ` +
          `convert it to JSON lines (.jsonl)`,
      );
    }
  }
  try {
    const value: unknown = parseRecord(text, maxJsonValues);
    return Array.isArray(value) ? value : [value];
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const hint = /^\s*\{[^\n]*\}[^\S\n]*\n\s*\{/.test(text)
      ? "these are JSON lines: rename the file to .jsonl"
      : "correct the file";
    throw new SyntaxError(`Cannot read ${path}: ${why}: ${hint}`, { cause });
  }
}
