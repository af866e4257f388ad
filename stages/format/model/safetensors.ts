/**
 * safetensors files: an 8-byte length, a JSON header with the position of each tensor, then the data,
 * little-endian. Source: huggingface/safetensors, README "Format".
 *
 * @module
 */
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import { readFull, writeAll } from "../../disk/exact_io.ts";
import { type FloatType, narrowed, widened } from "./float_types.ts";
import type { ByteSource } from "./byte_source.ts";
import { bytesOfData, safetensorsParts } from "./safetensors_bytes.ts";
import { safetensorsHead, type SafetensorsHeader, type SafetensorsMetadata } from "./safetensors_header.ts";
import { openSafetensorsIn } from "./safetensors_tensors.ts";
import { type NamedShape, type WeightWriter, WriteProgress } from "./weight_file.ts";
import { openFile } from "../../disk/files.ts";

type Data = TensorMap[string]["data"];

/** Opens the bytes of a file on disk. */
export async function fileBytes(path: string | URL): Promise<ByteSource> {
  const file = await openFile(path);
  try {
    const { size } = await file.stat();
    return {
      path: String(path),
      size,
      async read(begin, end, what) {
        const bytes = new Uint8Array(end - begin);
        await file.seek(begin, Deno.SeekMode.Start);
        await readFull(file, bytes, what);
        return bytes;
      },
      close: () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Opens files, all or none. */
export async function filesBytes(paths: readonly string[]): Promise<readonly ByteSource[]> {
  const open: ByteSource[] = [];
  try {
    for (const path of paths) open.push(await fileBytes(path));
    return open;
  } catch (error) {
    open.forEach((source) => source.close());
    throw error;
  }
}

/** Writes a safetensors file and syncs it to disk; the data is not copied in memory. */
export async function writeSafetensors(
  path: string | URL,
  tensors: TensorMap,
  metadata: SafetensorsMetadata = {},
): Promise<void> {
  const { head, arrays } = safetensorsParts(tensors, metadata);
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
  const source = await fileBytes(path);
  try {
    const file = await openSafetensorsIn(source);
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
    source.close();
  }
}

/** Reads a file's header. Throws the same errors as `readSafetensors()`. */
export async function readSafetensorsHeader(path: string | URL): Promise<SafetensorsHeader> {
  const source = await fileBytes(path);
  try {
    return (await openSafetensorsIn(source)).header;
  } finally {
    source.close();
  }
}

const readTypes = new Set(["F32", "BF16", "U32", "F16"]);

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
