/**
 * The quantised blocks of GGUF files and their values in float32, rounded after every operation as the `gguf`
 * package and llama.cpp do. Source: ggml's block layouts.
 *
 * @module
 */
import { widened } from "../float_types.ts";
import { blockQ2K, blockQ3K, blockQ4K, blockQ5K, blockQ6K } from "./k_blocks.ts";

/** Writes the values of one block, at byte `at` of `bytes`, to `out` from index `to` on. */
export type BlockReader = (
  bytes: DataView,
  at: number,
  place: { readonly out: Float32Array; readonly to: number },
) => void;

/** A type of tensors in GGUF files. */
export interface GgufType {
  /** Name, as ggml writes it. */
  readonly name: string;
  /** Number of values in a block. */
  readonly values: number;
  /** Number of bytes in a block. */
  readonly bytes: number;
  /** Reads a block; absent for plain floats. */
  readonly block?: BlockReader;
}

/** The types that are read, by their number in files. */
export const ggufTypes: ReadonlyMap<number, GgufType> = new Map<number, GgufType>([
  [0, { name: "F32", values: 1, bytes: 4 }],
  [1, { name: "F16", values: 1, bytes: 2 }],
  [30, { name: "BF16", values: 1, bytes: 2 }],
  [2, { name: "Q4_0", values: 32, bytes: 18, block: blockQ4(8) }],
  [3, { name: "Q4_1", values: 32, bytes: 20, block: blockQ4(null) }],
  [6, { name: "Q5_0", values: 32, bytes: 22, block: blockQ5(16) }],
  [7, { name: "Q5_1", values: 32, bytes: 24, block: blockQ5(null) }],
  [8, { name: "Q8_0", values: 32, bytes: 34, block: blockQ8 }],
  [10, { name: "Q2_K", values: 256, bytes: 84, block: blockQ2K }],
  [11, { name: "Q3_K", values: 256, bytes: 110, block: blockQ3K }],
  [12, { name: "Q4_K", values: 256, bytes: 144, block: blockQ4K }],
  [13, { name: "Q5_K", values: 256, bytes: 176, block: blockQ5K }],
  [14, { name: "Q6_K", values: 256, bytes: 210, block: blockQ6K }],
]);

/** Returns the float32 values of a tensor's bytes, which are whole blocks. */
export function dequantized(
  bytes: Uint8Array<ArrayBuffer>,
  { name, values, bytes: blockBytes, block }: GgufType,
): Float32Array<ArrayBuffer> {
  if (block === undefined) return widened(bytes, name === "F32" ? "f32" : name === "F16" ? "f16" : "bf16");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = bytes.length / blockBytes, out = new Float32Array(count * values);
  for (let i = 0; i < count; i++) block(view, i * blockBytes, { out, to: i * values });
  return out;
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
