/**
 * safetensors: an 8-byte length, a JSON header that says where each tensor lies, then the data, little-endian.
 * Source: huggingface/safetensors, README "Format".
 *
 * @module
 */
import { excerpt } from "./excerpt.ts";
import { parseJson } from "./parse_json.ts";
import { type Shape, sizeOf, type TensorMap } from "../../kernels/core/tensor.ts";

/** Free text beside the tensors. */
export type Metadata = Readonly<Record<string, string>>;

/** Where a tensor lies in a file. `begin` and `end` count bytes from the end of the header. */
export type Entry = Readonly<{ name: string; dtype: string; shape: Shape; begin: number; end: number }>;

/** What a file says about itself; `dataStart` is the header's end, in bytes from the file's start. */
export type Header = Readonly<{ entries: readonly Entry[]; metadata: Metadata; dataStart: number }>;

type Data = TensorMap[string]["data"];

const largestHeader = 100_000_000; // the limit of the reference implementation
const elementBytes: Readonly<Record<string, number>> = { F32: 4, U32: 4, F16: 2, BF16: 2 };
const chunkBytes = 8 * 1024 * 1024;

/**
 * The bytes of a safetensors file: Float32Array as F32, Uint32Array as U32, Uint16Array as F16 bits.
 * Throws RangeError where data does not fill its shape.
 */
export function encodeSafetensors(tensors: TensorMap, metadata: Metadata = {}): Uint8Array<ArrayBuffer> {
  const { head, order, dataBytes } = layOut(tensors, metadata);
  const out = new Uint8Array(head.length + dataBytes);
  out.set(head);
  let at = head.length;
  for (const data of order) {
    out.set(bytesOfData(data), at);
    at += data.byteLength;
  }
  return out;
}

/** Writes a safetensors file and syncs it to disk, without a second copy of the data in memory. */
export async function writeSafetensors(
  path: string | URL,
  tensors: TensorMap,
  metadata: Metadata = {},
): Promise<void> {
  const { head, order } = layOut(tensors, metadata);
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  await writeAll(file, head);
  for (const data of order) await writeAll(file, bytesOfData(data));
  await file.sync();
}

/**
 * Reads all tensors of a file: F32 and BF16 as Float32Array, U32 as Uint32Array, F16 as its bits in a Uint16Array.
 * Throws Deno.errors.InvalidData where the file is cut short or its header does not fit it; nothing is allocated
 * before sizes are checked.
 */
export async function readSafetensors(path: string | URL): Promise<TensorMap> {
  using file = await Deno.open(path);
  const header = await headerOf(file, String(path));
  await file.seek(header.dataStart, Deno.SeekMode.Start);
  const found: [string, TensorMap[string]][] = [];
  for (const { name, dtype, shape, begin, end } of header.entries) {
    const bytes = new Uint8Array(end - begin);
    await readFull(file, bytes, `${path}: tensor ${name}`);
    found.push([name, { shape, data: decode(bytes, dtype) }]);
  }
  return Object.fromEntries(found);
}

/** Reads what a file holds, without its data. Throws as `readSafetensors`. */
export async function readSafetensorsHeader(path: string | URL): Promise<Header> {
  using file = await Deno.open(path);
  return await headerOf(file, String(path));
}

function layOut(
  tensors: TensorMap,
  metadata: Metadata,
): { head: Uint8Array; order: readonly Data[]; dataBytes: number } {
  // Four-byte elements first, so that every tensor starts at a multiple of its element size.
  const names = Object.keys(tensors).sort((a, b) =>
    tensors[b].data.BYTES_PER_ELEMENT - tensors[a].data.BYTES_PER_ELEMENT
  );
  const order: Data[] = [];
  const entries: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) entries.push(["__metadata__", metadata]);
  let at = 0;
  for (const name of names) {
    const { shape, data } = tensors[name];
    if (data.length !== sizeOf(shape)) {
      throw new RangeError(
        `Cannot write tensor ${name}: it has ${data.length} values, wanted ${
          sizeOf(shape)
        } for shape [${shape}]`,
      );
    }
    const dtype = data instanceof Float32Array ? "F32" : data instanceof Uint32Array ? "U32" : "F16";
    entries.push([name, { dtype, shape, data_offsets: [at, at + data.byteLength] }]);
    order.push(data);
    at += data.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const length = Math.ceil(json.length / 8) * 8;
  const head = new Uint8Array(8 + length).fill(0x20); // the header is padded with spaces
  new DataView(head.buffer).setBigUint64(0, BigInt(length), true);
  head.set(json, 8);
  return { head, order, dataBytes: at };
}

async function headerOf(file: Deno.FsFile, path: string): Promise<Header> {
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
  const text = new Uint8Array(length);
  await readFull(file, text, path);
  let json: unknown;
  try {
    json = parseJson(new TextDecoder("utf-8", { fatal: true }).decode(text));
  } catch (cause) {
    throw new Deno.errors.InvalidData(`Cannot read ${path}: its header is not JSON`, { cause });
  }
  if (!isRecord(json)) throw wrong("its header is not an object");
  const entries: Entry[] = [];
  let metadata: Metadata = {};
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

function entryOf(name: string, value: unknown, wrong: (why: string) => Error): Entry {
  const short = name.slice(0, 100);
  if (!isRecord(value)) throw wrong(`tensor ${short} is not an object`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string" || !Object.hasOwn(elementBytes, dtype)) {
    throw wrong(
      `tensor ${short} has type ${excerpt(dtype)}, wanted one of ${Object.keys(elementBytes)}`,
    );
  }
  if (!isSizes(shape)) throw wrong(`tensor ${short} has shape ${excerpt(shape)}`);
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[1] < offsets[0]) {
    throw wrong(`tensor ${short} has offsets ${excerpt(offsets)}`);
  }
  const [begin, end] = offsets;
  const wanted = sizeOf(shape) * elementBytes[dtype];
  if (end - begin !== wanted) {
    throw wrong(`tensor ${short} has ${end - begin} bytes, wanted ${wanted} for ${dtype} [${shape}]`);
  }
  return { name, dtype, shape, begin, end };
}

function metadataOf(value: unknown, wrong: (why: string) => Error): Metadata {
  if (!isRecord(value)) throw wrong("its metadata is not an object");
  const out: [string, string][] = [];
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== "string") throw wrong(`its metadata ${key.slice(0, 100)} is not text`);
    out.push([key, text]);
  }
  return Object.fromEntries(out);
}

function decode(bytes: Uint8Array<ArrayBuffer>, dtype: string): Data {
  switch (dtype) {
    case "F32":
      return new Float32Array(bytes.buffer);
    case "U32":
      return new Uint32Array(bytes.buffer);
    case "F16":
      return new Uint16Array(bytes.buffer);
    default: // BF16: the upper half of an f32
      return new Float32Array(
        Uint32Array.from(new Uint16Array(bytes.buffer), (half) => half * 0x10000).buffer,
      );
  }
}

async function readFull(file: Deno.FsFile, into: Uint8Array, what: string): Promise<void> {
  for (let at = 0; at < into.length;) {
    const n = await file.read(into.subarray(at));
    if (n === null) {
      throw new Deno.errors.InvalidData(`Cannot read ${what}: it ends ${into.length - at} bytes early`);
    }
    at += n;
  }
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const chunk = bytes.subarray(at, at + chunkBytes);
    // Files take no views of shared memory: such a chunk is copied.
    at += await file.write(chunk.buffer instanceof SharedArrayBuffer ? chunk.slice() : chunk);
  }
}

function bytesOfData(data: Data): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}
