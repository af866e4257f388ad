/**
 * Turns a record of a JSON or Parquet file into a document. Fields are named as in FineWeb's rows. Fields
 * under `metadata` are read too, because datatrove's JSON lines store everything except text and id there.
 *
 * @module
 */
import type { Document } from "../../items.ts";
import { isRecord } from "../../disk/json.ts";

/** Position of a record in its file, for the document's id and for error messages. */
export interface RecordPosition {
  /** Path of the file. */
  readonly path: string;
  /** The part of the file within which records are counted (default: the whole file). */
  readonly part?: string;
  /** What a record is called in error messages: "line", "record" or "row". */
  readonly unit: string;
  /** Number of the record, counted from 1. */
  readonly number: number;
}

/**
 * The document of a record. If the record has no text, the result is a TypeError that names the record's
 * position and fields; it is returned, not thrown, because readers may skip the record.
 */
export function documentFromRecord(record: unknown, position: RecordPosition): Document | TypeError {
  if (!isRecord(record)) {
    const kind = record === null ? "null" : Array.isArray(record) ? "an array" : `a ${typeof record}`;
    return new TypeError(`${nameOf(position)} is ${kind}: expected an object with a field "text"`);
  }
  const fields: Record<string, unknown> = { ...record };
  if (typeof fields.text !== "string") {
    const names = briefList(Object.keys(fields));
    return new TypeError(
      `${nameOf(position)} has no string in field "text": its fields are ${names}: ` +
        `rename the field that holds the text`,
    );
  }
  const meta = fields.metadata;
  const all: Record<string, unknown> = typeof meta === "object" && meta !== null
    ? { ...meta, ...fields }
    : fields;
  const string = (name: string) => typeof all[name] === "string" ? all[name] : undefined;
  const number = (name: string) => {
    const value = all[name];
    return typeof value === "number" || typeof value === "bigint" ? Number(value) : undefined;
  };
  const { path, part = path } = position;
  const id = string("id") ?? number("id")?.toString() ?? `${part}:${position.number}`;
  return defined({
    id,
    text: fields.text,
    url: string("url"),
    date: string("date"),
    dump: string("dump"),
    filePath: string("file_path") ?? path,
    language: string("language"),
    languageScore: number("language_score"),
    tokenCount: number("token_count"),
  });
}

/** Returns names for an error message, shortened so that a hostile file cannot make it megabytes long. */
export function briefList(names: readonly string[]): string {
  const first = names.slice(0, 20).map((name) => name.slice(0, 40)).join(", ") || "none";
  return names.length > 20 ? `${first}, … (${names.length})` : first;
}

function nameOf({ path, part = path, unit, number }: RecordPosition): string {
  return `${unit[0].toUpperCase()}${unit.slice(1)} ${number} of ${part}`;
}

/** Returns a document without the fields that are undefined. */
function defined(
  doc: { [K in keyof Document]: Document[K] | undefined } & { id: string; text: string },
): Document {
  const { url, date, dump, filePath, language, languageScore, tokenCount } = doc;
  return {
    id: doc.id,
    text: doc.text,
    ...(url === undefined ? {} : { url }),
    ...(date === undefined ? {} : { date }),
    ...(dump === undefined ? {} : { dump }),
    ...(filePath === undefined ? {} : { filePath }),
    ...(language === undefined ? {} : { language }),
    ...(languageScore === undefined ? {} : { languageScore }),
    ...(tokenCount === undefined ? {} : { tokenCount }),
  };
}
