/**
 * A record of a JSON or Parquet file as a document. Fields are named as in FineWeb's rows; datatrove's own JSON lines
 * keep all but text and id under `metadata`.
 *
 * @module
 */
import type { Document } from "../../items.ts";

/** The record's place, for its id and for errors. */
export interface RecordPosition {
  /** The file. */
  readonly path: string;
  /** The part of it that lines are counted in (default all of it). */
  readonly part?: string;
  /** "line" or "record" or "row". */
  readonly unit: string;
  /** Counted from 1. */
  readonly number: number;
}

/** The document in a record, or a TypeError if it has no text, naming the place and the fields that are there. */
export function documentFromRecord(row: unknown, place: RecordPosition): Document | TypeError {
  if (typeof row !== "object" || row === null || Array.isArray(row)) {
    const kind = row === null ? "null" : Array.isArray(row) ? "an array" : `a ${typeof row}`;
    return new TypeError(`${where(place)} is ${kind}: wanted an object with a field "text"`);
  }
  const fields: Record<string, unknown> = { ...row };
  if (typeof fields.text !== "string") {
    const found = briefList(Object.keys(fields));
    return new TypeError(
      `${
        where(place)
      } has no text: fields are ${found}: wanted a string in "text": rename the field that holds it`,
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
  const id = string("id") ?? number("id")?.toString() ?? `${place.part ?? place.path}:${place.number}`;
  return defined({
    id,
    text: fields.text,
    url: string("url"),
    date: string("date"),
    dump: string("dump"),
    filePath: string("file_path") ?? place.path,
    language: string("language"),
    languageScore: number("language_score"),
    tokenCount: number("token_count"),
  });
}

/** Names for a message, which a hostile file must not make megabytes long. */
export function briefList(names: readonly string[]): string {
  const first = names.slice(0, 20).map((name) => name.slice(0, 40)).join(", ") || "none";
  return names.length > 20 ? `${first}, … (${names.length})` : first;
}

function where({ path, part = path, unit, number }: RecordPosition): string {
  return `${unit[0].toUpperCase()}${unit.slice(1)} ${number} of ${part}`;
}

/** Without the fields that are undefined. */
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
