// @ts-nocheck: AssemblyScript, see build.ts
/**
 * Epilogues of matrix products: operations on a block of results while the block is still in the cache.
 *
 * @module
 */
import { gelu } from "../elementwise/gelu_wasm.ts";
import { loadPart, storePart } from "../../wasm/vector.ts";

/** No epilogue. */
export const NOTHING: i32 = 0;
/** `c += bias`. */
export const BIAS: i32 = 1;
/** `c += bias`; `other = gelu(c)`. */
export const GELU: i32 = 2;
/** `c = other + (c + bias)`. */
export const ADD: i32 = 3;

/**
 * Applies the epilogue `kind` to a block of `c`, [rows, columns] with rows `stride` bytes apart. `bias` is
 * the address of the first column's bias; `other`, if used, has the layout of `c`. The CPU engine also calls
 * this after products that a BLAS computes.
 */
export function epilogue(
  kind: i32,
  c: usize,
  stride: usize,
  rows: usize,
  columns: usize,
  bias: usize,
  other: usize,
): void {
  if (kind == NOTHING) return;
  const whole = (columns & ~3) << 2, rest = columns & 3;
  for (let row: usize = 0; row < rows; row++, c += stride, other += stride) {
    let at: usize = 0;
    if (kind == BIAS) {
      for (; at + 32 <= whole; at += 32) {
        const sum0 = f32x4.add(v128.load(c + at), v128.load(bias + at));
        const sum1 = f32x4.add(v128.load(c + at, 16), v128.load(bias + at, 16));
        v128.store(c + at, sum0);
        v128.store(c + at, sum1, 16);
      }
      for (; at < whole; at += 16) v128.store(c + at, f32x4.add(v128.load(c + at), v128.load(bias + at)));
    } else if (kind == GELU) {
      for (; at + 32 <= whole; at += 32) {
        const sum0 = f32x4.add(v128.load(c + at), v128.load(bias + at));
        const sum1 = f32x4.add(v128.load(c + at, 16), v128.load(bias + at, 16));
        v128.store(c + at, sum0);
        v128.store(c + at, sum1, 16);
        const gelu0 = gelu(sum0), gelu1 = gelu(sum1);
        v128.store(other + at, gelu0);
        v128.store(other + at, gelu1, 16);
      }
      for (; at < whole; at += 16) {
        const sum = f32x4.add(v128.load(c + at), v128.load(bias + at));
        v128.store(c + at, sum);
        v128.store(other + at, gelu(sum));
      }
    } else {
      for (; at + 32 <= whole; at += 32) {
        const sum0 = f32x4.add(v128.load(c + at), v128.load(bias + at));
        const sum1 = f32x4.add(v128.load(c + at, 16), v128.load(bias + at, 16));
        const both0 = f32x4.add(v128.load(other + at), sum0),
          both1 = f32x4.add(v128.load(other + at, 16), sum1);
        v128.store(c + at, both0);
        v128.store(c + at, both1, 16);
      }
      for (; at < whole; at += 16) {
        const sum = f32x4.add(v128.load(c + at), v128.load(bias + at));
        v128.store(c + at, f32x4.add(v128.load(other + at), sum));
      }
    }
    if (rest == 0) continue;
    const sum = f32x4.add(loadPart(c + at, rest, 0), loadPart(bias + at, rest, 0));
    if (kind == ADD) storePart(c + at, f32x4.add(loadPart(other + at, rest, 0), sum), rest);
    else storePart(c + at, sum, rest);
    if (kind == GELU) storePart(other + at, gelu(sum), rest);
  }
}
