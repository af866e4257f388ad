/**
 * Files of records as documents: JSON lines (.jsonl), JSON (.json: an array of records, or one).
 *
 * @module
 */
import { type Anchor, Anchors, readUnpacked } from "../../format/packed/compressed.ts";
import type { JsonlPlace } from "../../format/text/jsonl.ts";
import { parseJson } from "../../format/text/parse_json.ts";
import { LineBounds, type Stretch, stretchName, wholeFile } from "../../format/packed/byte_range.ts";
import type { Source } from "../../flow/stage.ts";
import type { Document } from "../../items.ts";
import { type DamageOptions, isDamage, skipInput, skipInputOnce, untilDamage } from "./damage.ts";
import { documentFromRecord } from "./record.ts";
import { readJsonLines } from "./json_lines.ts";

const mostJson = 1 << 28; // a string's limit is not far: larger files are JSON lines

const mostValues = 1 << 23; // half a gigabyte of objects

/** Where a file of JSON lines stands. */
export interface JsonlState {
  /** Bytes before the next line, from the start of the unpacked file. */
  offset: number;
  /** Lines before it. */
  line: number;
  /** Where unpacking begins for it; absent: at the file's start. */
  anchor?: Anchor;
  /** The last place at which a line of a stretch may begin, once it is known. */
  last?: number;
  /** Damage of the packing was met and told of: what follows it cannot be read. */
  damaged?: true;
  /** A line was passed over with a note: others are only counted. */
  noted?: true;
}

/** Which part of a file is read, and what is done about damage. */
export interface JsonlFileOptions extends DamageOptions {
  /** Default: all of it. Of a file with .gz it begins at a gzip member. */
  readonly stretch?: Stretch;
}

/**
 * One document a line. Ids are the record's, else path:line, in a stretch path#byte:line. Throws SyntaxError for a line that is no JSON, TypeError
 * for a record without text, RangeError for a line beyond 64 MiB; with `damaged: "skip"` such lines are dropped as
 * `no_json`, `no_text` and `too_long`, and what follows broken packing as `damaged`.
 */
export function jsonlFile(
  path: string,
  { damaged = "refuse", stretch = wholeFile }: JsonlFileOptions = {},
): Source<Document, JsonlState> {
  const part = stretchName(path, stretch);
  const skips = damaged === "skip";
  return {
    name: part,
    open: (_ctx, saved = { offset: 0, line: 0 }) => ({ ...saved }),
    async *read(state, ctx) {
      const bounds = new LineBounds(path, { stretch, cursor: state });
      const entered = await bounds.enter(ctx.signal).catch((error) => {
        if (!skips || !isDamage(error)) throw error;
        skipInputOnce(state, { ctx, path, error });
        return false;
      });
      if (!entered) return;
      const anchors = new Anchors(state.anchor);
      const place = { offset: state.offset, anchor: anchors.before(state.offset) };
      const moved = (next: JsonlPlace): void => {
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
      yield* readJsonLines(bytes, { ctx, path, part, ends: bounds.isBeyond, state, moved, skips });
    },
  };
}

/** Records of a JSON file given so far. */
export interface JsonState {
  /** The number of the next one, from 0. */
  next: number;
  /** The file could not be read, which was told. */
  damaged?: true;
  /** A record was passed over with a note: others are only counted. */
  noted?: true;
}

/**
 * The records of an array, or a single one. The file is held in memory: RangeError beyond 256 MiB. SyntaxError for what
 * is no JSON, TypeError for a record without text; with `damaged: "skip"` dropped as `damaged` and `no_text`.
 */
export function jsonFile(
  path: string,
  { damaged = "refuse" }: DamageOptions = {},
): Source<Document, JsonState> {
  const skips = damaged === "skip";
  return {
    name: path,
    open: (_ctx, saved = { next: 0 }) => ({ ...saved }),
    async *read(state, ctx) {
      const records = await parseWhole(path, ctx.signal).catch((error) => {
        if (!skips || !isDamage(error)) throw error;
        skipInputOnce(state, { ctx, path, error });
        return [];
      });
      while (state.next < records.length) {
        const row = records[state.next++];
        const doc = documentFromRecord(row, { path, unit: "record", number: state.next });
        if (!(doc instanceof TypeError)) yield doc;
        else if (!skips) throw doc;
        else {
          const id = `${path}:${state.next}`;
          skipInput(ctx, { error: doc, path, id, reason: "no_text", quiet: state.noted === true });
          state.noted = true;
        }
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
    const value: unknown = parseJson(text, mostValues);
    return Array.isArray(value) ? value : [value];
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const hint = /^\s*\{[^\n]*\}[^\S\n]*\n\s*\{/.test(text)
      ? "these are JSON lines: name it .jsonl"
      : "mend the file";
    throw new SyntaxError(`Cannot read ${path}: ${why}: ${hint}`, { cause });
  }
}
