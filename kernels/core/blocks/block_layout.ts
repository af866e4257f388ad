/**
 * The layout of a quantised weight in memory: rows of blocks, byte for byte as in a GGUF file.
 *
 * A weight that is several tensors of a file under each other, such as queries, keys and values, can have a
 * format for each of them.
 *
 * @module
 */
import { type BlockFormat, blockTypes, dequantizedBlocks } from "./block_formats.ts";

/** A format that products with quantised weights can read. */
export type ProductFormat = "q4_0" | "q4_1" | "q8_0" | "q4_k" | "q6_k";

/** Formats with kernels, in the order of their numbers in WASM kernels. */
export const productFormats: readonly ProductFormat[] = ["q4_0", "q4_1", "q8_0", "q4_k", "q6_k"];

/** Whether products take activations as they are, or round them to 8 bits for 32 at a time. */
export type Activations = "f32" | "i8";

/** Rows that have the same format. */
export interface BlockRows {
  /** Format of the blocks. */
  readonly format: ProductFormat;
  /** Number of rows. */
  readonly rows: number;
}

/** The layout of a quantised weight [rows, columns]. */
export interface BlockLayout {
  /** The rows from top to bottom. */
  readonly parts: readonly BlockRows[];
  /** Number of values in a row, a multiple of each format's block. */
  readonly columns: number;
  /** How products with the weight take their activations. */
  readonly activations: Activations;
}

/** Rows of the same format, and where they begin. */
export interface PlacedRows extends BlockRows {
  /** Index of the first row. */
  readonly first: number;
  /** Offset of the first row in bytes. */
  readonly offset: number;
}

/** Returns the number of bytes of a row of `columns` values. */
export function bytesOfRow(format: BlockFormat, columns: number): number {
  return columns / blockTypes[format].values * blockTypes[format].bytes;
}

/** Returns the parts of a layout with their places. */
export function placedRows({ parts, columns }: BlockLayout): readonly PlacedRows[] {
  let first = 0, offset = 0;
  return parts.map((part) => {
    const placed = { ...part, first, offset };
    first += part.rows;
    offset += part.rows * bytesOfRow(part.format, columns);
    return placed;
  });
}

/** Returns the number of rows of a layout. */
export function rowsOfLayout({ parts }: BlockLayout): number {
  return parts.reduce((sum, { rows }) => sum + rows, 0);
}

/** Returns the number of bytes of a layout. */
export function bytesOfLayout({ parts, columns }: BlockLayout): number {
  return parts.reduce((sum, { format, rows }) => sum + rows * bytesOfRow(format, columns), 0);
}

/** Returns the size of a layout in words of 32 bits; the last word may be padded. */
export function wordsOfLayout(layout: BlockLayout): number {
  return Math.ceil(bytesOfLayout(layout) / 4);
}

/** Returns whether a row of `columns` values consists of whole blocks of a format that has kernels. */
export function hasProducts(format: BlockFormat, columns: number): format is ProductFormat {
  return productFormats.some((known) => known === format) && columns % blockTypes[format].values === 0;
}

/** Returns the values [rows, columns] of a weight as float32. */
export function dequantizedWeight(
  bytes: Uint8Array<ArrayBuffer>,
  layout: BlockLayout,
): Float32Array<ArrayBuffer> {
  const out = new Float32Array(rowsOfLayout(layout) * layout.columns);
  for (const { format, rows, first, offset } of placedRows(layout)) {
    const part = bytes.subarray(offset, offset + rows * bytesOfRow(format, layout.columns));
    out.set(dequantizedBlocks(part, format), first * layout.columns);
  }
  return out;
}
