// @ts-nocheck: AssemblyScript, see build.ts
/**
 * The micro-kernel for V8's 256-bit vectors: with --experimental-wasm-revectorize, V8 combines two adjacent
 * 128-bit operations into one. That needs AVX2 and --no-wasm-bounds-checks; `deno task fast` sets both flags.
 *
 * It computes a tile C [8, 16] from a panel of A and two panels of B, packed as for `tile`. The code loads,
 * multiplies and stores two consecutive vectors at a time, loads A by splat loads instead of shuffles, and
 * does not unroll the loop. We measured several variants; V8 combines the most operations in this one.
 * Without the flags it is slower than `tile`. Its results have the same bits as those of `tile`.
 *
 * @module
 */
import { madd } from "./madd.ts";

let chosen: bool = false;

/** Sets whether matrix products in this instance of the module use `tileWide`. */
export function choose_wide(wide: bool): void {
  chosen = wide;
}

/** Returns whether matrix products in this instance of the module use `tileWide`. */
export function isWide(): bool {
  return chosen;
}

/** Works like `tile`, but for 16 columns. The second panel of B starts `panel` bytes after the first. */
export function tileWide(
  k: usize,
  a: usize,
  b: usize,
  panel: usize,
  c: usize,
  stride: usize,
  add: bool,
): void {
  // Computes two halves, whose sums take 8 registers each: 16 registers of sums would leave none for the
  // operands.
  half(k, a, b, b + panel, c, stride, add);
  half(k, a + 16, b, b + panel, c + 4 * stride, stride, add);
}

function half(k: usize, a: usize, b: usize, d: usize, c: usize, stride: usize, add: bool): void {
  let c00 = f32x4.splat(0), c01 = c00, c02 = c00, c03 = c00;
  let c10 = c00, c11 = c00, c12 = c00, c13 = c00;
  let c20 = c00, c21 = c00, c22 = c00, c23 = c00;
  let c30 = c00, c31 = c00, c32 = c00, c33 = c00;
  let s: v128, b0: v128, b1: v128, b2: v128, b3: v128;
  for (const end = b + (k << 5); b < end; a += 32, b += 32, d += 32) {
    b0 = v128.load(b);
    b1 = v128.load(b, 16);
    b2 = v128.load(d);
    b3 = v128.load(d, 16);
    s = v128.load32_splat(a);
    c00 = madd(s, b0, c00);
    c01 = madd(s, b1, c01);
    c02 = madd(s, b2, c02);
    c03 = madd(s, b3, c03);
    s = v128.load32_splat(a, 4);
    c10 = madd(s, b0, c10);
    c11 = madd(s, b1, c11);
    c12 = madd(s, b2, c12);
    c13 = madd(s, b3, c13);
    s = v128.load32_splat(a, 8);
    c20 = madd(s, b0, c20);
    c21 = madd(s, b1, c21);
    c22 = madd(s, b2, c22);
    c23 = madd(s, b3, c23);
    s = v128.load32_splat(a, 12);
    c30 = madd(s, b0, c30);
    c31 = madd(s, b1, c31);
    c32 = madd(s, b2, c32);
    c33 = madd(s, b3, c33);
  }
  if (add) {
    c00 = f32x4.add(v128.load(c, 0), c00);
    c01 = f32x4.add(v128.load(c, 16), c01);
    c02 = f32x4.add(v128.load(c, 32), c02);
    c03 = f32x4.add(v128.load(c, 48), c03);
    c10 = f32x4.add(v128.load(c + stride, 0), c10);
    c11 = f32x4.add(v128.load(c + stride, 16), c11);
    c12 = f32x4.add(v128.load(c + stride, 32), c12);
    c13 = f32x4.add(v128.load(c + stride, 48), c13);
    c20 = f32x4.add(v128.load(c + 2 * stride, 0), c20);
    c21 = f32x4.add(v128.load(c + 2 * stride, 16), c21);
    c22 = f32x4.add(v128.load(c + 2 * stride, 32), c22);
    c23 = f32x4.add(v128.load(c + 2 * stride, 48), c23);
    c30 = f32x4.add(v128.load(c + 3 * stride, 0), c30);
    c31 = f32x4.add(v128.load(c + 3 * stride, 16), c31);
    c32 = f32x4.add(v128.load(c + 3 * stride, 32), c32);
    c33 = f32x4.add(v128.load(c + 3 * stride, 48), c33);
  }
  v128.store(c, c00, 0);
  v128.store(c, c01, 16);
  v128.store(c, c02, 32);
  v128.store(c, c03, 48);
  v128.store(c + stride, c10, 0);
  v128.store(c + stride, c11, 16);
  v128.store(c + stride, c12, 32);
  v128.store(c + stride, c13, 48);
  v128.store(c + 2 * stride, c20, 0);
  v128.store(c + 2 * stride, c21, 16);
  v128.store(c + 2 * stride, c22, 32);
  v128.store(c + 2 * stride, c23, 48);
  v128.store(c + 3 * stride, c30, 0);
  v128.store(c + 3 * stride, c31, 16);
  v128.store(c + 3 * stride, c32, 32);
  v128.store(c + 3 * stride, c33, 48);
}
