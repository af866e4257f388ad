/**
 * Files of records as documents: JSON lines (.jsonl), JSON (.json: an array of records, or one).
 *
 * @module
 */
import { type Anchor, Anchors, readUnpacked } from "../format/compressed.ts";
import { readJsonl } from "../format/jsonl.ts";
import type { Source } from "../flow/stage.ts";
import type { Document } from "../items.ts";
import { documentOf } from "./row.ts";

const mostJson = 1 << 28; // a string's limit is not far: larger files are JSON lines

/** Where a file of JSON lines stands. */
export interface JsonlState {
  /** Bytes before the next line, from the start of the unpacked file. */
  offset: number;
  /** Lines before it. */
  line: number;
  /** Where unpacking begins for it; absent: at the file's start. */
  anchor?: Anchor;
}

/**
 * One document a line. Ids are the record's, else path:line. Throws SyntaxError for a line that is no JSON, TypeError
 * for a record without text, RangeError for a line beyond 64 MiB.
 */
export function jsonlFile(path: string): Source<Document, JsonlState> {
  return {
    name: path,
    open: (_ctx, saved = { offset: 0, line: 0 }) => ({ ...saved }),
    async *read(state, ctx) {
      const anchors = new Anchors(state.anchor);
      const place = { offset: state.offset, anchor: anchors.before(state.offset) };
      const bytes = readUnpacked(path, { ...place, onAnchor: anchors.pass, signal: ctx.signal });
      for await (const { value, line, next } of readJsonl(bytes, { name: path, from: { ...state } })) {
        Object.assign(state, next, { anchor: anchors.before(next.offset) });
        yield documentOf(value, { path, unit: "line", number: line });
      }
    },
  };
}

/** Records of a JSON file given so far. */
export interface JsonState {
  /** The number of the next one, from 0. */
  next: number;
}

/** The records of an array, or a single one. The file is held in memory: RangeError beyond 256 MiB. */
export function jsonFile(path: string): Source<Document, JsonState> {
  return {
    name: path,
    open: (_ctx, saved = { next: 0 }) => ({ ...saved }),
    async *read(state, ctx) {
      const records = await parseWhole(path, ctx.signal);
      while (state.next < records.length) {
        const row = records[state.next++];
        yield documentOf(row, { path, unit: "record", number: state.next });
      }
    },
  };
}

async function parseWhole(path: string, signal: AbortSignal): Promise<readonly unknown[]> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of readUnpacked(path, { signal })) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > mostJson) {
      throw new RangeError(
        `Cannot read ${path} as one JSON value: it is longer than ${mostJson} characters: make it JSON lines (.jsonl)`,
      );
    }
  }
  text += decoder.decode();
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : [value];
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const hint = /^\s*\{[^\n]*\}\s*\n\s*\{/.test(text)
      ? "these are JSON lines: name it .jsonl"
      : "mend the file";
    throw new SyntaxError(`Cannot read ${path}: ${why}: ${hint}`, { cause });
  }
}
