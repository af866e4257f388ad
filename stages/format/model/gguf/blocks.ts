/**
 * The types of tensors in GGUF files and their values in float32.
 *
 * @module
 */
import {
  type BlockFormat,
  blockTypes,
  dequantizedBlocks,
} from "../../../../kernels/core/blocks/block_formats.ts";
import { widened } from "../float_types.ts";

/** A type of tensors in GGUF files. */
export interface GgufType {
  /** Name, as ggml writes it. */
  readonly name: string;
  /** Number of values in a block; 1 for plain floats. */
  readonly values: number;
  /** Number of bytes in a block. */
  readonly bytes: number;
  /** Format of the blocks; absent for plain floats. */
  readonly format?: BlockFormat;
}

/** The types that are read, by their number in files. */
export const ggufTypes: ReadonlyMap<number, GgufType> = new Map<number, GgufType>([
  [0, { name: "F32", values: 1, bytes: 4 }],
  [1, { name: "F16", values: 1, bytes: 2 }],
  [30, { name: "BF16", values: 1, bytes: 2 }],
  [2, blocks("Q4_0")],
  [3, blocks("Q4_1")],
  [6, blocks("Q5_0")],
  [7, blocks("Q5_1")],
  [8, blocks("Q8_0")],
  [10, blocks("Q2_K")],
  [11, blocks("Q3_K")],
  [12, blocks("Q4_K")],
  [13, blocks("Q5_K")],
  [14, blocks("Q6_K")],
]);

/** Returns the float32 values of a tensor's bytes, which are whole blocks. */
export function dequantized(
  bytes: Uint8Array<ArrayBuffer>,
  { name, format }: GgufType,
): Float32Array<ArrayBuffer> {
  if (format !== undefined) return dequantizedBlocks(bytes, format);
  return widened(bytes, name === "F32" ? "f32" : name === "F16" ? "f16" : "bf16");
}

function blocks(name: Uppercase<BlockFormat>): GgufType {
  const format = name.toLowerCase() as Lowercase<typeof name>, { values, bytes } = blockTypes[format];
  return { name, values, bytes, format };
}
