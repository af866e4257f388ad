/**
 * Blocks of quantised weights: a few bits for each value, with scales for 32 or 256 values at a time. Values
 * are float32, rounded after every operation as ggml and the `gguf` package do. Source: ggml's block layouts.
 *
 * @module
 */
import { blockQ2K, blockQ3K, blockQ4K, blockQ5K, blockQ6K } from "./k_blocks.ts";

/** Names of the formats of blocks, as ggml has them. */
export type BlockFormat =
  | "q4_0"
  | "q4_1"
  | "q5_0"
  | "q5_1"
  | "q8_0"
  | "q2_k"
  | "q3_k"
  | "q4_k"
  | "q5_k"
  | "q6_k";

/** Writes the values of one block, at byte `at` of `bytes`, to `out` from index `to` on. */
export type BlockReader = (
  bytes: DataView,
  at: number,
  place: { readonly out: Float32Array; readonly to: number },
) => void;

/** A format of blocks. */
export interface BlockType {
  /** Number of values in a block. */
  readonly values: number;
  /** Number of bytes in a block. */
  readonly bytes: number;
  /** Offsets in bytes of the block's scales and minima, which are f16 numbers. */
  readonly scales: readonly number[];
  /** Reads a block. */
  readonly read: BlockReader;
}

/** All formats of blocks. */
export const blockTypes: Readonly<Record<BlockFormat, BlockType>> = {
  q4_0: { values: 32, bytes: 18, scales: [0], read: blockQ4(8) },
  q4_1: { values: 32, bytes: 20, scales: [0, 2], read: blockQ4(null) },
  q5_0: { values: 32, bytes: 22, scales: [0], read: blockQ5(16) },
  q5_1: { values: 32, bytes: 24, scales: [0, 2], read: blockQ5(null) },
  q8_0: { values: 32, bytes: 34, scales: [0], read: blockQ8 },
  q2_k: { values: 256, bytes: 84, scales: [80, 82], read: blockQ2K },
  q3_k: { values: 256, bytes: 110, scales: [108], read: blockQ3K },
  q4_k: { values: 256, bytes: 144, scales: [0, 2], read: blockQ4K },
  q5_k: { values: 256, bytes: 176, scales: [0, 2], read: blockQ5K },
  q6_k: { values: 256, bytes: 210, scales: [208], read: blockQ6K },
};

/** Returns the values of whole blocks. */
export function dequantizedBlocks(
  bytes: Uint8Array<ArrayBuffer>,
  format: BlockFormat,
): Float32Array<ArrayBuffer> {
  const { values, bytes: blockBytes, read } = blockTypes[format];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = bytes.length / blockBytes, out = new Float32Array(count * values);
  for (let i = 0; i < count; i++) read(view, i * blockBytes, { out, to: i * values });
  return out;
}

/** Returns whether no block has a scale or a minimum that is NaN or infinite. */
export function hasFiniteScales(bytes: Uint8Array<ArrayBuffer>, format: BlockFormat): boolean {
  const { bytes: size, scales } = blockTypes[format];
  for (let block = 0; block < bytes.length; block += size) {
    // The high byte of an f16 number, whose exponent has five bits.
    for (const at of scales) if ((bytes[block + at + 1] & 0x7c) === 0x7c) return false;
  }
  return true;
}

/** Returns the reader of values `d·(q - shift)`, or `d·q + m` where `shift` is null. */
function valueOf(shift: number | null): (q: number, d: number, m: number) => number {
  return shift === null ? (q, d, m) => Math.fround(d * q) + m : (q, d) => d * (q - shift);
}

/** 4-bit values, the low half of each byte before the high halves. */
function blockQ4(shift: number | null): BlockReader {
  const value = valueOf(shift), first = shift === null ? 4 : 2;
  return (bytes, at, { out, to }) => {
    const d = bytes.getFloat16(at, true), m = bytes.getFloat16(at + 2, true);
    for (let j = 0; j < 16; j++) {
      const pair = bytes.getUint8(at + first + j);
      out[to + j] = value(pair & 15, d, m);
      out[to + j + 16] = value(pair >> 4, d, m);
    }
  };
}

/** 5-bit values: as 4 bits, with the fifth bits in a word of 32. */
function blockQ5(shift: number | null): BlockReader {
  const value = valueOf(shift), word = shift === null ? 4 : 2;
  return (bytes, at, { out, to }) => {
    const d = bytes.getFloat16(at, true), m = bytes.getFloat16(at + 2, true);
    const high = bytes.getUint32(at + word, true);
    for (let j = 0; j < 16; j++) {
      const pair = bytes.getUint8(at + word + 4 + j);
      out[to + j] = value((pair & 15) | (high >>> j & 1) << 4, d, m);
      out[to + j + 16] = value((pair >> 4) | (high >>> (j + 16) & 1) << 4, d, m);
    }
  };
}

/** 8-bit values `d·q`. */
function blockQ8(
  bytes: DataView,
  at: number,
  { out, to }: { readonly out: Float32Array; readonly to: number },
): void {
  const d = bytes.getFloat16(at, true);
  for (let j = 0; j < 32; j++) out[to + j] = d * bytes.getInt8(at + 2 + j);
}
