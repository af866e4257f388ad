/**
 * Turns a record of a JSON, CSV, Parquet or Arrow file into a document. Fields are named as in FineWeb's
 * rows. Fields under `metadata` are read too, because datatrove's JSON lines store everything except text and
 * id there. All other fields become the document's metadata.
 *
 * @module
 */
import type { Document } from "../../items.ts";
import { isRecord } from "../../disk/json.ts";
import { isoTime } from "./parquet_values.ts";
import { fieldsOfMetadata, metadataValue } from "./metadata.ts";

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
  /** Number of the record within that record, if it holds several: see `recordsIn`. */
  readonly within?: number | undefined;
}

/** Which fields of a record are its text and its id, and whether the others are kept. */
export interface RecordKeys {
  /** Name of the field that holds the text. Default: `text`, or `content` if there is no string in `text`. */
  readonly textKey?: string | null | undefined;
  /** Name of the field that holds the id. Default: `id`, or the record's position if it has none. */
  readonly idKey?: string | null | undefined;
  /**
   * Whether documents keep the record's other fields as metadata (default true). If not, the columns of
   * Parquet files that documents do not use are not read.
   */
  readonly metadata?: boolean | undefined;
  /**
   * Whether records have no text of their own, such as conversations: a document's text is then empty, and
   * all fields but the id are its metadata. A record that is a list is one with the field `messages`. Default
   * false.
   */
  readonly records?: boolean | undefined;
}

/**
 * Names of the fields that may hold the text, in the order in which they are tried; none if records have no
 * text.
 */
export function textKeys({ textKey, records }: RecordKeys): readonly string[] {
  if (records === true) return [];
  return textKey === undefined || textKey === null ? ["text", "content"] : [textKey];
}

/**
 * The records of a value: several if its text is a list of strings, as in `{"text": ["a", "b"], "id": [1,
 * 2]}`, otherwise the value alone. A field that is a list of the same length is divided among the records;
 * each of them has all other fields.
 */
export function recordsIn(value: unknown, keys: RecordKeys): readonly unknown[] {
  if (!isRecord(value)) return [value];
  const texts = textKeys(keys).map((key) => Object.hasOwn(value, key) ? value[key] : undefined)
    .find((field) => typeof field === "string" || isStrings(field));
  if (!isStrings(texts)) return [value];
  const fields = Object.entries(value);
  return texts.map((_, i) =>
    Object.fromEntries(
      fields.map((
        [name, field],
      ) => [name, Array.isArray(field) && field.length === texts.length ? field[i] : field]),
    )
  );
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

/** How a record is read. */
export interface RecordOptions extends RecordKeys {
  /** Called with the name of a field that the document cannot carry along, because JSON cannot hold it. */
  readonly onLost?: (name: string) => void;
}

/**
 * The document of a record. If the record has no text, the result is a TypeError that names the record's
 * position and fields; it is returned, not thrown, because readers may skip the record.
 */
export function documentFromRecord(
  record: unknown,
  position: RecordPosition,
  options: RecordOptions = {},
): Document | TypeError {
  if (options.records === true) return wholeRecord(record, position, options);
  if (!isRecord(record)) return notARecord(record, position);
  const fields = new Map(Object.entries(record));
  const textKey = textKeys(options).find((key) => typeof fields.get(key) === "string");
  const text = textKey === undefined ? undefined : fields.get(textKey);
  if (textKey === undefined || typeof text !== "string") return noText(fields, { position, options });
  const idKey = options.idKey ?? "id", ownId = idOf(fields.get(idKey));
  if (ownId === undefined && typeof options.idKey === "string") {
    return new TypeError(
      `${nameOf(position)} has no text or number in field "${idKey}": its fields are ${
        briefList([...fields.keys()])
      }: give --id-key with one of them, or leave it out`,
    );
  }
  fields.delete(textKey);
  if (ownId !== undefined || isUnknown(fields.get(idKey))) fields.delete(idKey);
  const inner = fieldsOfMetadata(fields.get("metadata"));
  if (inner !== null || isUnknown(fields.get("metadata"))) fields.delete("metadata");
  const meta = new Map(Object.entries(inner ?? {}));
  const id = ownId ?? taken(meta, "id", idOf) ?? placeOf(position);
  const columns = {
    url: column(fields, meta, "url", stringOf),
    date: column(fields, meta, "date", dateOf),
    dump: column(fields, meta, "dump", stringOf),
    filePath: column(fields, meta, "file_path", stringOf) ?? position.path,
    language: column(fields, meta, "language", stringOf),
    languageScore: column(fields, meta, "language_score", numberOf),
    tokenCount: column(fields, meta, "token_count", numberOf),
  };
  return {
    id,
    text,
    ...known({
      ...columns,
      // 0 stands for an unknown number in JSON lines: see stages/sink/row.ts
      languageScore: columns.languageScore === 0 ? undefined : columns.languageScore,
      tokenCount: text !== "" && columns.tokenCount === 0 ? undefined : columns.tokenCount,
      metadata: options.metadata === false ? undefined : metadataOf(fields, meta, options.onLost),
    }),
  };
}

/** The document of a record without text: see `RecordKeys.records`. */
function wholeRecord(
  record: unknown,
  position: RecordPosition,
  { idKey, onLost }: RecordOptions,
): Document | TypeError {
  const fields = Array.isArray(record) ? { messages: record } : record;
  if (!isRecord(fields)) return notARecord(fields, position, "an object, or a list of messages");
  const id = idOf(fields[idKey ?? "id"]) ?? placeOf(position);
  const metadata = metadataOf(new Map(Object.entries(fields)), new Map(), onLost);
  return { id, text: "", filePath: position.path, ...known({ metadata }) };
}

/** Takes a column out of a record, or out of its metadata if the record has no such column itself. */
function column<T>(
  fields: Map<string, unknown>,
  meta: Map<string, unknown>,
  name: string,
  as: (value: unknown) => T | undefined,
): T | undefined {
  const own = fields.get(name);
  if (!isUnknown(own)) return taken(fields, name, as);
  fields.delete(name);
  return taken(meta, name, as);
}

/** Takes a field out of a map, if it has the type that `as` accepts. */
function taken<T>(
  fields: Map<string, unknown>,
  name: string,
  as: (value: unknown) => T | undefined,
): T | undefined {
  const value = as(fields.get(name));
  if (value !== undefined) fields.delete(name);
  return value;
}

/**
 * The metadata of a record: its own fields and those under `metadata`. Fields under `metadata` that a field
 * of the record has the name of stay there.
 */
function metadataOf(
  fields: ReadonlyMap<string, unknown>,
  meta: ReadonlyMap<string, unknown>,
  onLost?: (name: string) => void,
): Document["metadata"] | undefined {
  const all = new Map(meta), hidden = new Map<string, unknown>();
  for (const [name, value] of fields) {
    if (meta.has(name)) hidden.set(name, meta.get(name));
    all.set(name, value);
  }
  if (hidden.size > 0 && !all.has("metadata")) all.set("metadata", Object.fromEntries(hidden));
  const entries = [...all].flatMap(([name, field]) => {
    const value = metadataValue(field);
    if (value === undefined) onLost?.(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** Whether a value of a column says nothing. */
function isUnknown(value: unknown): boolean {
  return value === undefined || value === null || value === "" ||
    typeof value === "number" && !Number.isFinite(value);
}

function stringOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" || typeof value === "bigint" ? Number(value) : undefined;
}

/**
 * A date as text: a string as it is, a number as ISO 8601 if it counts the seconds, milliseconds,
 * microseconds or nanoseconds from 1970 to a time from 1971 to 2262. Smaller numbers, such as 2024 or
 * 20240131, are no such counts. Source: the units that pandas.read_json() tries.
 */
function dateOf(value: unknown): string | undefined {
  if (typeof value === "string") return stringOf(value);
  if (typeof value !== "number" && typeof value !== "bigint") return undefined;
  const count = Number(value), digits = [0, 3, 6, 9].find((digits) => count * 10 ** (9 - digits) < 2 ** 63);
  if (!Number.isInteger(count) || count <= 31_536_000 || digits === undefined) return undefined;
  return isoTime(BigInt(value), digits) ?? undefined;
}

function idOf(value: unknown): string | undefined {
  return typeof value === "number" || typeof value === "bigint" ? String(value) : stringOf(value);
}

/** The error for a value that is no object. */
function notARecord(
  record: unknown,
  position: RecordPosition,
  expected = 'an object with a field "text"',
): TypeError {
  const kind = record === null ? "null" : Array.isArray(record) ? "an array" : `a ${typeof record}`;
  return new TypeError(`${nameOf(position)} is ${kind}: expected ${expected}`);
}

/** The error for a record without text. */
function noText(
  fields: ReadonlyMap<string, unknown>,
  { position, options }: { readonly position: RecordPosition; readonly options: RecordKeys },
): TypeError {
  const keys = textKeys(options),
    key = keys.find((key) => fields.has(key)) ?? keys[0],
    value = fields.get(key);
  const names = briefList([...fields.keys()]);
  const what = value === undefined ? "" : value === null ? ", which is null" : `, which is ${kindOf(value)}`;
  return new TypeError(
    `${nameOf(position)} has no string in field "${key}"${what}: its fields are ${names}: ` +
      (value === null
        ? "leave such records out with --damaged skip, or give --text-key with another field"
        : "give --text-key with the name of the field that holds the text"),
  );
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  return typeof value === "object"
    ? "an object"
    : typeof value === "bigint"
    ? "a number"
    : `a ${typeof value}`;
}

/** Returns names for an error message, shortened so that a hostile file cannot make it megabytes long. */
export function briefList(names: readonly string[]): string {
  const first = names.slice(0, 20).map((name) => name.slice(0, 40)).join(", ") || "none";
  return names.length > 20 ? `${first}, … (${names.length})` : first;
}

/** The id of a record that has none: the file and the record's number. */
function placeOf({ path, part = path, number, within }: RecordPosition): string {
  return within === undefined ? `${part}:${number}` : `${part}:${number}:${within}`;
}

function nameOf({ path, part = path, unit, number }: RecordPosition): string {
  return `${unit[0].toUpperCase()}${unit.slice(1)} ${number} of ${part}`;
}

/** The fields of a document that are known. */
function known(fields: { [K in keyof Document]?: Document[K] | undefined }): Partial<Document> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
