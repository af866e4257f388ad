/**
 * WGSL that reads quantised blocks from an array of words.
 *
 * @module
 */
import { blockTypes } from "../../core/blocks/block_formats.ts";
import { bytesOfRow, type ProductFormat } from "../../core/blocks/block_layout.ts";

/** Number of values that `weights` returns: no format changes its scale inside of them. */
export const PIECE = 16;

/** Where the rows of a format begin. */
export interface WgslRows {
  /** Format of the blocks. */
  readonly format: ProductFormat;
  /** Number of values in a row. */
  readonly columns: number;
  /** Offset of the first row in bytes, an even number. */
  readonly offset: number;
}

/** Declares functions that read parts of `words`, the name of a binding of words, at byte addresses. */
export function byteReaders(words: string): string {
  return `fn byteAt(at: u32) -> u32 { return (${words}[at >> 2u] >> ((at & 3u) * 8u)) & 255u; }
fn wordAt(at: u32) -> u32 { // at even addresses
  let word = ${words}[at >> 2u];
  if ((at & 2u) == 0u) { return word; }
  return (word >> 16u) | (${words}[(at >> 2u) + 1u] << 16u);
}
fn halfAt(at: u32) -> f32 { // with bit operations, since implementations may flush small f16 numbers to 0
  let bits = ${words}[at >> 2u] >> ((at & 2u) * 8u);
  let fraction = bits & 0x3ffu;
  let exponent = (bits >> 10u) & 31u;
  let normal = bitcast<f32>(((exponent + 112u) << 23u) | (fraction << 13u));
  let size = select(normal, f32(fraction) * 5.9604644775390625e-8, exponent == 0u);
  return select(size, -size, (bits & 0x8000u) != 0u);
}
fn unsignedBits(word: u32, shift: u32, mask: u32) -> vec4f {
  return vec4f((vec4u(word) >> (vec4u(0u, 8u, 16u, 24u) + shift)) & vec4u(mask));
}`;
}

/**
 * Declares the function `name(row, piece)`, which returns 16 values of a row as four vectors: those from
 * `16 · piece` on. It calls the functions of `byteReaders`.
 */
export function weightsFunction(name: string, { format, columns, offset }: WgslRows): string {
  const { values, bytes } = blockTypes[format], pieces = values / PIECE;
  return `fn ${name}(row: u32, piece: u32) -> array<vec4f, 4> {
  let block = ${offset}u + row * ${bytesOfRow(format, columns)}u + piece / ${pieces}u * ${bytes}u;
  let part = piece % ${pieces}u;
  var values: array<vec4f, 4>;
${bodies[format].map((line) => `  ${line}`).join("\n")}
  return values;
}`;
}

/** Statements that set `values` from the block at byte `block`, by the index `part` of 16 values in it. */
const bodies: Readonly<Record<ProductFormat, readonly string[]>> = {
  q4_0: [
    "let d = halfAt(block);",
    each("d * (unsignedBits(wordAt(block + 2u + 4u * i), 4u * part, 15u) - 8.0)"),
  ],
  q4_1: [
    "let d = halfAt(block);",
    "let m = halfAt(block + 2u);",
    each("d * unsignedBits(wordAt(block + 4u + 4u * i), 4u * part, 15u) + m"),
  ],
  q8_0: [
    "let d = halfAt(block);",
    each("d * signedBytes(wordAt(block + 2u + 16u * part + 4u * i))"),
  ],
  q4_k: [
    "let group = part / 2u; // 32 values, which have a scale and a minimum of six bits each",
    "let packed = block + 4u;",
    "var scale = byteAt(packed + group) & 63u;",
    "var low = byteAt(packed + group + 4u) & 63u;",
    "if (group >= 4u) {",
    "  let both = byteAt(packed + group + 4u);",
    "  scale = (both & 15u) | ((byteAt(packed + group - 4u) >> 6u) << 4u);",
    "  low = (both >> 4u) | ((byteAt(packed + group) >> 6u) << 4u);",
    "}",
    "let d = halfAt(block) * f32(scale);",
    "let m = halfAt(block + 2u) * f32(low);",
    "let bytes = block + 16u + 32u * (group / 2u) + 16u * (part & 1u);",
    each("d * unsignedBits(wordAt(bytes + 4u * i), 4u * (group & 1u), 15u) - m"),
  ],
  q6_k: [
    "let half = part / 8u; // of 128 values, in four quarters of 32",
    "let quarter = (part / 2u) & 3u;",
    "let right = 16u * (part & 1u);",
    "let d = halfAt(block + 208u) * signedBytes(byteAt(block + 192u + part)).x;",
    "let four = block + 64u * half + 32u * (quarter & 1u) + right;",
    "let two = block + 128u + 32u * half + right;",
    each(
      "d * (unsignedBits(wordAt(four + 4u * i), 4u * (quarter / 2u), 15u) + " +
        "16.0 * unsignedBits(wordAt(two + 4u * i), 2u * quarter, 3u) - 32.0)",
    ),
  ],
};

/** WGSL of a function that returns the four bytes of a word as signed numbers. */
export const signedBytes = `fn signedBytes(word: u32) -> vec4f {
  return vec4f((vec4i(bitcast<i32>(word)) << vec4u(24u, 16u, 8u, 0u)) >> vec4u(24u));
}`;

function each(value: string): string {
  return `for (var i = 0u; i < 4u; i++) { values[i] = ${value}; }`;
}
