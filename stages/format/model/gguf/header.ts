/**
 * The header of a GGUF file: metadata, and the place of each tensor. All lengths and counts are checked
 * against the file's size before anything is allocated for them. Source: ggml's docs/gguf.md, version 3.
 *
 * @module
 */
import type { Shape } from "../../../../kernels/core/tensor.ts";
import { fileInfo, openFile } from "../../../disk/files.ts";
import { excerpt } from "../../text/excerpt.ts";
import { ByteCursor } from "./byte_cursor.ts";
import { type GgufType, ggufTypes } from "./blocks.ts";

/** A value in the metadata. Integers of 64 bits beyond 2^53 are bigints. */
export type GgufValue = string | number | bigint | boolean | readonly GgufValue[];

/** Where a tensor is. */
export interface GgufTensor {
  readonly name: string;
  /** Sizes, the last one fastest: [out, in] for a matrix. */
  readonly shape: Shape;
  readonly type: GgufType;
  /** First byte in the file. */
  readonly begin: number;
  /** Number of bytes. */
  readonly bytes: number;
}

/** The header of a file. */
export interface GgufHeader {
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
}

/** The four bytes at the beginning of a file. */
export const GGUF_MAGIC = "GGUF";

const MAX_DIMENSIONS = 4;
const ARRAY = 9;

/** Bytes of the smallest value of each type of metadata: strings and arrays begin with a length. */
const leastBytes: readonly number[] = [1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8];

/** Returns whether a file begins as GGUF files do. */
export async function isGguf(path: string): Promise<boolean> {
  using file = await openFile(path);
  const first = new Uint8Array(GGUF_MAGIC.length);
  await file.read(first);
  return new TextDecoder().decode(first) === GGUF_MAGIC;
}

/** Reads a header. Throws Deno.errors.InvalidData, with the byte, for a file that is damaged or not GGUF. */
export async function readGgufHeader(path: string): Promise<GgufHeader> {
  const { size } = await fileInfo(path);
  using file = await openFile(path);
  const cursor = new ByteCursor(file, { path, size });
  const magic = cursor.text(4), version = cursor.u32();
  if (magic !== GGUF_MAGIC) throw cursor.refused(`it begins with ${excerpt(magic)}, expected "GGUF"`);
  if (version !== 2 && version !== 3) throw cursor.refused(`its version is ${version}, expected 2 or 3`);
  const tensorCount = cursor.count(24, "tensors"), valueCount = cursor.count(13, "values");
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < valueCount; i++) {
    const key = cursor.string();
    if (metadata.has(key)) throw cursor.refused(`key ${excerpt(key)} occurs twice`);
    metadata.set(key, readValue(cursor, cursor.u32()));
  }
  const places: Omit<GgufTensor, "begin">[] = [], offsets: number[] = [];
  for (let i = 0; i < tensorCount; i++) {
    places.push(readTensor(cursor));
    offsets.push(cursor.u64());
  }
  return {
    metadata,
    tensors: placed(places, { offsets, cursor, size, alignment: alignmentOf(metadata, cursor) }),
  };
}

function readTensor(cursor: ByteCursor): Omit<GgufTensor, "begin"> {
  const name = cursor.string(), dimensions = cursor.u32();
  if (dimensions < 1 || dimensions > MAX_DIMENSIONS) {
    throw cursor.refused(
      `tensor ${excerpt(name)} has ${dimensions} dimensions, expected 1 to ${MAX_DIMENSIONS}`,
    );
  }
  const fastestFirst = Array.from({ length: dimensions }, () => cursor.u64()), number = cursor.u32();
  const type = ggufTypes.get(number);
  if (type === undefined) {
    const known = [...ggufTypes.values()].map((type) => type.name).join(", ");
    throw cursor.refused(
      `tensor ${excerpt(name)} has type ${number}, which is not read: expected one of ${known}`,
    );
  }
  // The product may not wrap: it is bounded at every factor.
  let count = 1;
  for (const n of fastestFirst) {
    if (n < 1 || count > cursor.size * type.values / n) {
      throw cursor.refused(`tensor ${excerpt(name)} has sizes [${fastestFirst}], more than the file holds`);
    }
    count *= n;
  }
  if (fastestFirst[0] % type.values !== 0) {
    throw cursor.refused(
      `tensor ${excerpt(name)} has rows of ${fastestFirst[0]}, no multiple of ${type.values}`,
    );
  }
  return { name, shape: fastestFirst.toReversed(), type, bytes: count / type.values * type.bytes };
}

function placed(
  places: readonly Omit<GgufTensor, "begin">[],
  { offsets, cursor, size, alignment }: {
    readonly offsets: readonly number[];
    readonly cursor: ByteCursor;
    readonly size: number;
    readonly alignment: number;
  },
): ReadonlyMap<string, GgufTensor> {
  const start = Math.ceil(cursor.at / alignment) * alignment, tensors = new Map<string, GgufTensor>();
  let end = 0;
  for (const i of [...offsets.keys()].sort((a, b) => offsets[a] - offsets[b])) {
    const place = places[i], name = excerpt(place.name), begin = start + offsets[i];
    if (tensors.has(place.name)) throw cursor.refused(`tensor ${name} occurs twice`);
    if (offsets[i] % alignment !== 0) {
      throw cursor.refused(`tensor ${name} begins at ${offsets[i]}, no multiple of ${alignment}`);
    }
    if (begin < end) throw cursor.refused(`tensor ${name} overlaps the one before it`);
    end = begin + place.bytes;
    if (end > size) {
      throw cursor.refused(`tensor ${name} ends at byte ${end} of ${size}: the file is cut off`);
    }
    tensors.set(place.name, { ...place, begin });
  }
  return tensors;
}

function alignmentOf(metadata: ReadonlyMap<string, GgufValue>, cursor: ByteCursor): number {
  const alignment = metadata.get("general.alignment") ?? 32;
  const isPower = typeof alignment === "number" && alignment >= 8 && alignment <= 65536 &&
    Number.isInteger(Math.log2(alignment));
  if (isPower) return alignment;
  throw cursor.refused(`general.alignment is ${alignment}, expected a power of two from 8 to 65536`);
}

function readValue(cursor: ByteCursor, type: number): GgufValue {
  switch (type) {
    case 0:
      return cursor.view(1).getUint8(0);
    case 1:
      return cursor.view(1).getInt8(0);
    case 2:
      return cursor.view(2).getUint16(0, true);
    case 3:
      return cursor.view(2).getInt16(0, true);
    case 4:
      return cursor.u32();
    case 5:
      return cursor.view(4).getInt32(0, true);
    case 6:
      return cursor.view(4).getFloat32(0, true);
    case 7:
      return cursor.view(1).getUint8(0) !== 0;
    case 8:
      return cursor.string();
    case ARRAY:
      return readArray(cursor);
    case 10:
      return narrow(cursor.view(8).getBigUint64(0, true));
    case 11:
      return narrow(cursor.view(8).getBigInt64(0, true));
    case 12:
      return cursor.view(8).getFloat64(0, true);
    default:
      throw cursor.refused(`a value has type ${type}, expected 0 to 12`);
  }
}

function readArray(cursor: ByteCursor): readonly GgufValue[] {
  const type = cursor.u32();
  if (type === ARRAY || type >= leastBytes.length) {
    throw cursor.refused(`an array has type ${type}, expected 0 to 8 or 10 to 12`);
  }
  const count = cursor.count(leastBytes[type], "items"), items: GgufValue[] = [];
  for (let i = 0; i < count; i++) items.push(readValue(cursor, type));
  return items;
}

function narrow(value: bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}
