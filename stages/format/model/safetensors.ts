/**
 * safetensors files: an 8-byte length, a JSON header with the position of each tensor, then the data,
 * little-endian. Source: huggingface/safetensors, README "Format".
 *
 * @module
 */
import { sizeOf, type TensorMap } from "../../../kernels/core/tensor.ts";
import { readFull, writeAll } from "../../disk/exact_io.ts";
import { type FloatType, narrowed, widened } from "./float_types.ts";
import {
  readHead,
  safetensorsHead,
  type SafetensorsHeader,
  type SafetensorsMetadata,
  type TensorEntry,
} from "./safetensors_header.ts";
import { type NamedShape, type WeightWriter, WriteProgress } from "./weight_file.ts";
import { openFile } from "../../disk/files.ts";

type Data = TensorMap[string]["data"];

/** An open safetensors file; its header has been checked. */
export interface SafetensorsFile {
  /** Names, types, shapes and positions of its tensors. */
  readonly header: SafetensorsHeader;
  /**
   * Reads the bytes of one tensor. Throws Deno.errors.InvalidData if the file has been truncated since it was
   * opened.
   */
  bytes(entry: TensorEntry): Promise<Uint8Array<ArrayBuffer>>;
  /** Closes the file. */
  close(): void;
}

/** Opens a file. Throws Deno.errors.InvalidData if it is truncated or its header contradicts its size. */
export async function openSafetensors(path: string | URL): Promise<SafetensorsFile> {
  const file = await openFile(path);
  try {
    const header = await readHead(file, String(path));
    return {
      header,
      async bytes({ name, begin, end }) {
        const bytes = new Uint8Array(end - begin);
        await file.seek(header.dataStart + begin, Deno.SeekMode.Start);
        await readFull(file, bytes, `${path}: tensor ${name}`);
        return bytes;
      },
      close: () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

/**
 * Returns the bytes of a safetensors file: a Float32Array becomes F32, a Uint32Array becomes U32, and a
 * Uint16Array contains the bits of F16. Throws RangeError if the number of values in a tensor does not match
 * its shape.
 */
export function encodeSafetensors(
  tensors: TensorMap,
  metadata: SafetensorsMetadata = {},
): Uint8Array<ArrayBuffer> {
  const { head, arrays } = layOut(tensors, metadata);
  const out = new Uint8Array(head.length + arrays.reduce((sum, data) => sum + data.byteLength, 0));
  out.set(head);
  let at = head.length;
  for (const data of arrays) {
    out.set(bytesOfData(data), at);
    at += data.byteLength;
  }
  return out;
}

/** Writes a safetensors file and syncs it to disk; the data is not copied in memory. */
export async function writeSafetensors(
  path: string | URL,
  tensors: TensorMap,
  metadata: SafetensorsMetadata = {},
): Promise<void> {
  const { head, arrays } = layOut(tensors, metadata);
  using file = await openFile(path, { write: true, create: true, truncate: true });
  await writeAll(file, head);
  for (const data of arrays) await writeAll(file, bytesOfData(data));
  await file.sync();
}

/**
 * Creates a file of float tensors and writes its header; the tensors are then written one after the other.
 */
export async function createSafetensors(
  path: string | URL,
  { tensors, dtype, metadata = {} }: {
    readonly tensors: readonly NamedShape[];
    readonly dtype: FloatType;
    readonly metadata?: SafetensorsMetadata;
  },
): Promise<WeightWriter> {
  const typed = tensors.map((tensor) => ({ ...tensor, dtype: dtype === "f32" ? "F32" : "BF16" }));
  const head = safetensorsHead(typed, metadata);
  const following = new WriteProgress(String(path), tensors);
  const file = await openFile(path, { write: true, create: true, truncate: true });
  try {
    await writeAll(file, head);
  } catch (error) {
    file.close();
    throw error;
  }
  return {
    order: tensors,
    async write(data) {
      following.take(data);
      await writeAll(file, narrowed(data, dtype));
    },
    async end() {
      following.end();
      await file.sync();
    },
    close: () => file.close(),
  };
}

/**
 * Reads all tensors of a file: F32 and BF16 become a Float32Array, U32 becomes a Uint32Array, and F16 becomes
 * a Uint16Array of its bits. Throws Deno.errors.InvalidData if the file is truncated, its header contradicts
 * its size, or a tensor has another type. Sizes are checked before memory is allocated.
 */
export async function readSafetensors(path: string | URL): Promise<TensorMap> {
  const file = await openSafetensors(path);
  try {
    const tensors: [string, TensorMap[string]][] = [];
    for (const entry of file.header.entries) {
      if (!readTypes.has(entry.dtype)) {
        throw new Deno.errors.InvalidData(
          `Cannot read ${path}: tensor ${entry.name} has type ${entry.dtype}, expected one of ${
            [...readTypes].join(", ")
          }`,
        );
      }
      tensors.push([entry.name, { shape: entry.shape, data: decode(await file.bytes(entry), entry.dtype) }]);
    }
    return Object.fromEntries(tensors);
  } finally {
    file.close();
  }
}

/** Reads a file's header. Throws the same errors as `readSafetensors()`. */
export async function readSafetensorsHeader(path: string | URL): Promise<SafetensorsHeader> {
  using file = await openFile(path);
  return await readHead(file, String(path));
}

const readTypes = new Set(["F32", "BF16", "U32", "F16"]);

function layOut(
  tensors: TensorMap,
  metadata: SafetensorsMetadata,
): { head: Uint8Array; arrays: readonly Data[] } {
  // Tensors with four-byte elements come first, so that each tensor starts at a multiple of its element size.
  const names = Object.keys(tensors).sort((a, b) =>
    tensors[b].data.BYTES_PER_ELEMENT - tensors[a].data.BYTES_PER_ELEMENT
  );
  const typed = names.map((name) => {
    const { shape, data } = tensors[name];
    if (data.length !== sizeOf(shape)) {
      throw new RangeError(
        `Cannot write tensor ${name}: it has ${data.length} values, expected ${
          sizeOf(shape)
        } for shape [${shape}]`,
      );
    }
    return {
      name,
      shape,
      dtype: data instanceof Float32Array ? "F32" : data instanceof Uint32Array ? "U32" : "F16",
    };
  });
  return { head: safetensorsHead(typed, metadata), arrays: names.map((name) => tensors[name].data) };
}

function decode(bytes: Uint8Array<ArrayBuffer>, dtype: string): Data {
  switch (dtype) {
    case "U32":
      return new Uint32Array(bytes.buffer);
    case "F16":
      return new Uint16Array(bytes.buffer);
    default:
      return widened(bytes, dtype === "F32" ? "f32" : "bf16");
  }
}

function bytesOfData(data: Data): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
