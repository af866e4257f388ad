/**
 * The tensors of a safetensors file, wherever its bytes are.
 *
 * @module
 */
import type { ByteSource } from "./byte_source.ts";
import { readHead, type SafetensorsHeader, type TensorEntry } from "./safetensors_header.ts";

/** An open safetensors file; its header has been checked. */
export interface SafetensorsFile {
  /** Names, types, shapes and positions of its tensors. */
  readonly header: SafetensorsHeader;
  /**
   * Reads the bytes of one tensor. Throws Deno.errors.InvalidData if the file has been truncated since it was
   * opened.
   */
  bytes(entry: TensorEntry): Promise<Uint8Array<ArrayBuffer>>;
}

/**
 * Reads the header of a file. The caller closes the source, also after an error. Throws
 * Deno.errors.InvalidData if it is truncated or its header contradicts its size.
 */
export async function openSafetensorsIn(source: ByteSource): Promise<SafetensorsFile> {
  const header = await readHead(source), { dataStart } = header;
  return {
    header,
    bytes: ({ name, begin, end }) =>
      source.read(dataStart + begin, dataStart + end, `${source.path}: tensor ${name}`),
  };
}
