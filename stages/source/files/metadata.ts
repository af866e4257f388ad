/**
 * Turns the fields of records into metadata, which is carried along with documents and written as JSON.
 *
 * @module
 */
import { isRecord } from "../../disk/json.ts";
import { parseRecord } from "../../format/text/parse_record.ts";
import type { MetadataValue } from "../../items.ts";

/** How deep values may be nested: deeper ones would overflow the stack of JSON.stringify(). */
const MAX_DEPTH = 100;

/**
 * Returns a value as JSON can hold it, or undefined if it cannot: bytes, functions, and values nested more
 * than 100 deep. NaN and infinities become null, as in JSON.stringify().
 */
export function metadataValue(value: unknown, depth: number = 0): MetadataValue | undefined {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) ? value : null;
    case "bigint":
      return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
    case "undefined":
      return null;
    case "object":
      return value === null ? null : depth >= MAX_DEPTH ? undefined : objectValue(value, depth + 1);
    default:
      return undefined;
  }
}

function objectValue(value: object, depth: number): MetadataValue | undefined {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof Uint8Array || value instanceof ArrayBuffer || value instanceof DataView) {
    return undefined;
  }
  if (Array.isArray(value) || ArrayBuffer.isView(value)) {
    const values: MetadataValue[] = [];
    for (const item of value as Iterable<unknown>) {
      const kept = metadataValue(item, depth);
      if (kept === undefined) return undefined;
      values.push(kept);
    }
    return values;
  }
  const fields: [string, MetadataValue][] = [];
  for (const [name, field] of Object.entries(value)) {
    const kept = metadataValue(field, depth);
    if (kept === undefined) return undefined;
    fields.push([name, kept]);
  }
  return Object.fromEntries(fields);
}

/**
 * The fields of a record's own `metadata`: an object, or the JSON text of one, as this program's sinks write
 * it. Null for anything else.
 */
export function fieldsOfMetadata(value: unknown): Readonly<Record<string, unknown>> | null {
  if (isRecord(value)) return value;
  if (typeof value !== "string" || !value.startsWith("{")) return null;
  try {
    const parsed = parseRecord(value);
    return isRecord(parsed) ? parsed : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
