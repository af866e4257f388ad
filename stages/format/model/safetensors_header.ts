/**
 * The header of a safetensors file: an 8-byte length and JSON that says where each tensor lies. Nothing in it is
 * believed: sizes, types, names and bounds are checked before anything is allocated for them. Source:
 * huggingface/safetensors, README "Format".
 *
 * @module
 */
import { type Shape, sizeOf } from "../../../kernels/core/tensor.ts";
import { excerpt } from "../text/excerpt.ts";
import { readFull } from "../../disk/exact_io.ts";
import { checkJsonKeys } from "../text/json_keys.ts";
import { parseJson } from "../text/parse_json.ts";
import { isRecord } from "../../disk/json.ts";

/** Free text beside the tensors. */
export type SafetensorsMetadata = Readonly<Record<string, string>>;

/** Where a tensor lies in a file. `begin` and `end` count bytes from the end of the header. */
export type TensorEntry = Readonly<{ name: string; dtype: string; shape: Shape; begin: number; end: number }>;

/** What a file says about itself; `dataStart` is the header's end, in bytes from the file's start. */
export type SafetensorsHeader = Readonly<
  { entries: readonly TensorEntry[]; metadata: SafetensorsMetadata; dataStart: number }
>;

const largestHeader = 100_000_000; // the limit of the reference implementation
const deepest = 3; // an object of objects of lists
const most = 2 ** 53;

/** Bytes an element, of every type that others write. */
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

/** The bytes of a header; tensors in their order, without gaps. */
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
  const head = new Uint8Array(8 + length).fill(0x20); // the header is padded with spaces
  new DataView(head.buffer).setBigUint64(0, BigInt(length), true);
  head.set(json, 8);
  return head;
}

/** The header of an open file, its entries in the order of the data. Throws Deno.errors.InvalidData where it does not fit. */
export async function readHead(file: Deno.FsFile, path: string): Promise<SafetensorsHeader> {
  const { size } = await file.stat();
  const wrong = (why: string) =>
    new Deno.errors.InvalidData(`Cannot read ${path}: ${why}: is it a whole safetensors file?`);
  if (size < 8) throw wrong(`it has ${size} bytes, wanted at least 8`);
  const prefix = new Uint8Array(8);
  await readFull(file, prefix, path);
  const length = Number(new DataView(prefix.buffer).getBigUint64(0, true));
  if (length > largestHeader || 8 + length > size) {
    throw wrong(
      `its header says ${length} bytes, but the file has ${size} and a header at most ${largestHeader}`,
    );
  }
  const bytes = new Uint8Array(length);
  await readFull(file, bytes, path);
  let json: unknown;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    checkJsonKeys(text, { deepest });
    json = parseJson(text);
  } catch (cause) {
    const why = cause instanceof SyntaxError ? cause.message.slice(0, 200) : "it is not UTF-8";
    throw new Deno.errors.InvalidData(`Cannot read ${path}: its header is not sound JSON: ${why}`, { cause });
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
      throw wrong(`tensor ${name.slice(0, 100)} begins at byte ${begin} of the data, wanted ${at}`);
    }
    at = end;
  }
  if (8 + length + at !== size) {
    throw wrong(`its tensors end at byte ${8 + length + at}, but the file has ${size}`);
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
      `tensor ${short} has type ${excerpt(dtype)}, wanted one of ${[...elementBytes.keys()]}`,
    );
  }
  if (!isSizes(shape)) throw wrong(`tensor ${short} has shape ${excerpt(shape)}`);
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[1] < offsets[0]) {
    throw wrong(`tensor ${short} has offsets ${excerpt(offsets)}`);
  }
  const [begin, end] = offsets;
  const wanted = sizeOf(shape) * bytes;
  if (!(wanted < most) || end - begin !== wanted) {
    throw wrong(`tensor ${short} has ${end - begin} bytes, wanted ${wanted} for ${dtype} ${excerpt(shape)}`);
  }
  return { name, dtype, shape, begin, end };
}

function metadataOf(value: unknown, wrong: (why: string) => Error): SafetensorsMetadata {
  if (!isRecord(value)) throw wrong("its metadata is not an object");
  const out: [string, string][] = [];
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== "string") throw wrong(`its metadata ${key.slice(0, 100)} is not text`);
    out.push([key, text]);
  }
  return Object.fromEntries(out);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}
