/**
 * Values of Parquet files as metadata can hold them: points in time in ISO 8601, exact decimal numbers.
 * Source: Apache Parquet format, "LogicalTypes".
 *
 * @module
 */
import type { ParquetParsers, SchemaElement } from "hyparquet";
import { parseRecord } from "../../format/text/parse_record.ts";

const utf8 = new TextDecoder();

/**
 * How hyparquet represents times, dates and JSON. A time without a zone is taken for UTC, as FineWeb's are.
 */
export const parsers: ParquetParsers = {
  timestampFromMilliseconds: (ticks: bigint) => isoTime(ticks, 3),
  timestampFromMicroseconds: (ticks: bigint) => isoTime(ticks, 6),
  timestampFromNanoseconds: (ticks: bigint) => isoTime(ticks, 9),
  dateFromDays: (days: number) => isoTime(BigInt(days) * 86_400n, 0)?.slice(0, -"T00:00:00Z".length) ?? null,
  stringFromBytes: (bytes: Uint8Array) => bytes && utf8.decode(bytes),
  jsonFromBytes: (bytes: Uint8Array) => bytes && jsonOrText(utf8.decode(bytes)),
  geometryFromBytes: () => null,
  geographyFromBytes: () => null,
  uuidFromBytes: (bytes: Uint8Array | undefined) =>
    bytes && bytes.toHex().replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-"),
};

/**
 * Returns a point in time in ISO 8601, such as 2024-01-02T03:04:05.123456Z, from ticks since 1970, of which a
 * second has 10 to the power of `digits`. Null if the time is out of the range of dates.
 */
export function isoTime(ticks: bigint | number, digits: number): string | null {
  const all = BigInt(ticks), second = 10n ** BigInt(digits);
  const rest = ((all % second) + second) % second;
  const date = new Date(Number((all - rest) / second) * 1000);
  if (Number.isNaN(date.getTime())) return null;
  const fraction = rest === 0n ? "" : `.${String(rest).padStart(digits, "0").replace(/0+$/, "")}`;
  return `${date.toISOString().slice(0, -".000Z".length)}${fraction}Z`;
}

function jsonOrText(text: string): unknown {
  try {
    return parseRecord(text);
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}

/** Whether an element holds decimal numbers, stored as integers or as bytes. */
export function isDecimal({ converted_type, type }: SchemaElement): boolean {
  return converted_type === "DECIMAL" && type !== "BYTE_ARRAY";
}

/**
 * The value of a decimal number from its digits without the point, as an integer or in big-endian bytes: a
 * number if it is written with the same digits, otherwise its digits as a string.
 */
export function decimalValue(unscaled: unknown, scale: number): number | string | null {
  if (unscaled === null || unscaled === undefined) return null;
  const whole = unscaled instanceof Uint8Array ? signed(unscaled) : BigInt(unscaled as number | bigint);
  const digits = String(whole < 0n ? -whole : whole).padStart(scale + 1, "0"), point = digits.length - scale;
  const fraction = digits.slice(point).replace(/0+$/, "");
  const text = `${whole < 0n ? "-" : ""}${digits.slice(0, point)}${fraction === "" ? "" : `.${fraction}`}`;
  return String(Number(text)) === text ? Number(text) : text;
}

function signed(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt.asIntN(8 * bytes.length, BigInt(`0x${bytes.toHex()}`));
}

/** Why metadata cannot hold the values of a column; null if it can. */
export function whyNotHeld({ type, converted_type, logical_type }: SchemaElement): string | null {
  const kind = logical_type?.type ?? converted_type;
  if (type === "BYTE_ARRAY") {
    return ["STRING", "UTF8", "ENUM", "JSON", "DECIMAL"].includes(kind ?? "") ? null : `${kind ?? "bytes"}`;
  }
  if (type !== "FIXED_LEN_BYTE_ARRAY") return null;
  return ["DECIMAL", "UUID", "FLOAT16"].includes(kind ?? "") ? null : `${kind ?? "bytes"}`;
}
