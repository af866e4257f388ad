/**
 * The header of a safetensors file: an 8-byte length and JSON with the position of each tensor. Sizes, types,
 * names and bounds are checked before memory is allocated for them. Source: huggingface/safetensors, README
 * "Format".
 *
 * @module
 */
import { type Shape, sizeOf } from "../../../kernels/core/tensor.ts";
import { excerpt } from "../text/excerpt.ts";
import { checkJsonKeys } from "../text/json_keys.ts";
import { parseJson } from "../text/parse_json.ts";
import { isRecord } from "../../disk/json.ts";
import { invalidData } from "../invalid_data.ts";
import type { ByteSource } from "./byte_source.ts";

/** Free texts in a file's header, keyed by name. */
export type SafetensorsMetadata = Readonly<Record<string, string>>;

/**
 * The position of a tensor in a file: its bytes `begin` to `end` (exclusive), counted from the end of the
 * header.
 */
export type TensorEntry = Readonly<{ name: string; dtype: string; shape: Shape; begin: number; end: number }>;

/**
 * A file's header. `entries` are in the order of their data; `dataStart` is the byte offset of the header's
 * end.
 */
export type SafetensorsHeader = Readonly<
  { entries: readonly TensorEntry[]; metadata: SafetensorsMetadata; dataStart: number }
>;

const MAX_HEADER_BYTES = 100_000_000; // the limit of the reference implementation
const MAX_DEPTH = 3; // an object of objects of lists
const MAX_BYTES = 2 ** 53; // larger integers are not exact in JavaScript

/** Number of bytes per element, for every type that the format defines. */
export const elementBytes: ReadonlyMap<string, number> = new Map([
  ["BOOL", 1],
  ["U8", 1],
  ["I8", 1],
  ["F8_E4M3", 1],
  ["F8_E5M2", 1],
  ["I16", 2],
  ["U16", 2],
  ["F16", 2],
  ["BF16", 2],
  ["I32", 4],
  ["U32", 4],
  ["F32", 4],
  ["I64", 8],
  ["U64", 8],
  ["F64", 8],
]);

/** Returns the bytes of a header for tensors that follow each other in this order without gaps. */
export function safetensorsHead(
  tensors: readonly Pick<TensorEntry, "name" | "dtype" | "shape">[],
  metadata: SafetensorsMetadata,
): Uint8Array<ArrayBuffer> {
  const entries: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) entries.push(["__metadata__", metadata]);
  let at = 0;
  for (const { name, dtype, shape } of tensors) {
    const end = at + sizeOf(shape) * (elementBytes.get(dtype) ?? NaN);
    entries.push([name, { dtype, shape, data_offsets: [at, end] }]);
    at = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const length = Math.ceil(json.length / 8) * 8;
  const head = new Uint8Array(8 + length).fill(0x20); // padded with spaces
  new DataView(head.buffer).setBigUint64(0, BigInt(length), true);
  head.set(json, 8);
  return head;
}

/**
 * Reads and checks the header of a file. Throws Deno.errors.InvalidData if the header contradicts the
 * file's size.
 */
export async function readHead(source: ByteSource): Promise<SafetensorsHeader> {
  const { path, size } = source;
  const wrong = (why: string) =>
    invalidData(`Cannot read ${path}: ${why}: is it a complete safetensors file?`);
  if (size < 8) throw wrong(`it has ${size} bytes, expected at least 8`);
  const prefix = await source.read(0, 8, path);
  const length = Number(new DataView(prefix.buffer).getBigUint64(0, true));
  if (length > MAX_HEADER_BYTES || 8 + length > size) {
    throw wrong(
      `its header's length is ${length} bytes, expected at most ${Math.min(size - 8, MAX_HEADER_BYTES)}`,
    );
  }
  const bytes = await source.read(8, 8 + length, path);
  let json: unknown;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    checkJsonKeys(text, { maxDepth: MAX_DEPTH });
    json = parseJson(text);
  } catch (cause) {
    const why = cause instanceof SyntaxError ? cause.message.slice(0, 200) : "it is not UTF-8";
    throw invalidData(`Cannot read ${path}: its header is not valid JSON: ${why}`, { cause });
  }
  if (!isRecord(json)) throw wrong("its header is not an object");
  const entries: TensorEntry[] = [];
  let metadata: SafetensorsMetadata = {};
  for (const [name, value] of Object.entries(json)) {
    if (name === "__metadata__") metadata = metadataOf(value, wrong);
    else entries.push(entryOf(name, value, wrong));
  }
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let at = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== at) {
      throw wrong(`tensor ${name.slice(0, 100)} begins at byte ${begin} of the data, expected ${at}`);
    }
    at = end;
  }
  if (8 + length + at !== size) {
    throw wrong(`its tensors end at byte ${8 + length + at}, but the file at byte ${size}`);
  }
  return { entries, metadata, dataStart: 8 + length };
}

function entryOf(name: string, value: unknown, wrong: (why: string) => Error): TensorEntry {
  const short = name.slice(0, 100);
  if (!isRecord(value)) throw wrong(`tensor ${short} is not an object`);
  const { dtype, shape, data_offsets: offsets } = value;
  const bytes = typeof dtype === "string" ? elementBytes.get(dtype) : undefined;
  if (typeof dtype !== "string" || bytes === undefined) {
    throw wrong(
      `tensor ${short} has type ${excerpt(dtype)}, expected one of ${[...elementBytes.keys()].join(", ")}`,
    );
  }
  if (!isSizes(shape)) {
    throw wrong(`tensor ${short} has shape ${excerpt(shape)}, expected a list of whole numbers`);
  }
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[1] < offsets[0]) {
    throw wrong(`tensor ${short} has data_offsets ${excerpt(offsets)}, expected [begin, end]`);
  }
  const [begin, end] = offsets;
  const expected = sizeOf(shape) * bytes;
  if (!(expected < MAX_BYTES) || end - begin !== expected) {
    throw wrong(
      `tensor ${short} has ${end - begin} bytes, expected ${expected} for ${dtype} ${excerpt(shape)}`,
    );
  }
  return { name, dtype, shape, begin, end };
}

function metadataOf(value: unknown, wrong: (why: string) => Error): SafetensorsMetadata {
  if (!isRecord(value)) throw wrong("its metadata is not an object");
  const out: [string, string][] = [];
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== "string") throw wrong(`its metadata ${key.slice(0, 100)} is not a string`);
    out.push([key, text]);
  }
  return Object.fromEntries(out);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}
