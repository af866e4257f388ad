// @ts-nocheck: AssemblyScript, see build.ts
/**
 * The micro-kernel of all matrix products: computes a tile C [8, 8] from a panel of A and a panel of B, each
 * packed with 8 floats per step of `k`.
 *
 * The 16 accumulators of four floats stay in registers for all `k`. A is loaded as whole vectors, whose lanes
 * are then broadcast by shuffles; that is faster than a splat load per row, because V8 checks the bounds of
 * every memory access. The loop is unrolled four times, so panels are padded with zeros to a multiple of four
 * steps.
 *
 * @module
 */
import { madd } from "./madd.ts";

/**
 * Computes `c[i][j] = (add ? c[i][j] : 0) + sum over k of a[k][i] * b[k][j]`. The depth `k` is a multiple of
 * 4; rows of `c` are `stride` bytes apart.
 */
export function tile(k: usize, a: usize, b: usize, c: usize, stride: usize, add: bool): void {
  let c00 = f32x4.splat(0), c01 = c00;
  let c10 = c00, c11 = c00;
  let c20 = c00, c21 = c00;
  let c30 = c00, c31 = c00;
  let c40 = c00, c41 = c00;
  let c50 = c00, c51 = c00;
  let c60 = c00, c61 = c00;
  let c70 = c00, c71 = c00;
  let s: v128, p: v128, b0: v128, b1: v128;
  for (const end = a + (k << 5); a < end; a += 128, b += 128) {
    b0 = v128.load(b, 0);
    b1 = v128.load(b, 16);
    p = v128.load(a, 0);
    s = v128.shuffle<f32>(p, p, 0, 0, 0, 0);
    c00 = madd(s, b0, c00);
    c01 = madd(s, b1, c01);
    s = v128.shuffle<f32>(p, p, 1, 1, 1, 1);
    c10 = madd(s, b0, c10);
    c11 = madd(s, b1, c11);
    s = v128.shuffle<f32>(p, p, 2, 2, 2, 2);
    c20 = madd(s, b0, c20);
    c21 = madd(s, b1, c21);
    s = v128.shuffle<f32>(p, p, 3, 3, 3, 3);
    c30 = madd(s, b0, c30);
    c31 = madd(s, b1, c31);
    p = v128.load(a, 16);
    s = v128.shuffle<f32>(p, p, 0, 0, 0, 0);
    c40 = madd(s, b0, c40);
    c41 = madd(s, b1, c41);
    s = v128.shuffle<f32>(p, p, 1, 1, 1, 1);
    c50 = madd(s, b0, c50);
    c51 = madd(s, b1, c51);
    s = v128.shuffle<f32>(p, p, 2, 2, 2, 2);
    c60 = madd(s, b0, c60);
    c61 = madd(s, b1, c61);
    s = v128.shuffle<f32>(p, p, 3, 3, 3, 3);
    c70 = madd(s, b0, c70);
    c71 = madd(s, b1, c71);
    b0 = v128.load(b, 32);
    b1 = v128.load(b, 48);
    p = v128.load(a, 32);
    s = v128.shuffle<f32>(p, p, 0, 0, 0, 0);
    c00 = madd(s, b0, c00);
    c01 = madd(s, b1, c01);
    s = v128.shuffle<f32>(p, p, 1, 1, 1, 1);
    c10 = madd(s, b0, c10);
    c11 = madd(s, b1, c11);
    s = v128.shuffle<f32>(p, p, 2, 2, 2, 2);
    c20 = madd(s, b0, c20);
    c21 = madd(s, b1, c21);
    s = v128.shuffle<f32>(p, p, 3, 3, 3, 3);
    c30 = madd(s, b0, c30);
    c31 = madd(s, b1, c31);
    p = v128.load(a, 48);
    s = v128.shuffle<f32>(p, p, 0, 0, 0, 0);
    c40 = madd(s, b0, c40);
    c41 = madd(s, b1, c41);
    s = v128.shuffle<f32>(p, p, 1, 1, 1, 1);
    c50 = madd(s, b0, c50);
    c51 = madd(s, b1, c51);
    s = v128.shuffle<f32>(p, p, 2, 2, 2, 2);
    c60 = madd(s, b0, c60);
    c61 = madd(s, b1, c61);
    s = v128.shuffle<f32>(p, p, 3, 3, 3, 3);
    c70 = madd(s, b0, c70);
    c71 = madd(s, b1, c71);
    b0 = v128.load(b, 64);
    b1 = v128.load(b, 80);
    p = v128.load(a, 64);
    s = v128.shuffle<f32>(p, p, 0, 0, 0, 0);
    c00 = madd(s, b0, c00);
    c01 = madd(s, b1, c01);
    s = v128.shuffle<f32>(p, p, 1, 1, 1, 1);
    c10 = madd(s, b0, c10);
    c11 = madd(s, b1, c11);
    s = v128.shuffle<f32>(p, p, 2, 2, 2, 2);
    c20 = madd(s, b0, c20);
    c21 = madd(s, b1, c21);
    s = v128.shuffle<f32>(p, p, 3, 3, 3, 3);
    c30 = madd(s, b0, c30);
    c31 = madd(s, b1, c31);
    p = v128.load(a, 80);
    s = v128.shuffle<f32>(p, p, 0, 0, 0, 0);
    c40 = madd(s, b0, c40);
    c41 = madd(s, b1, c41);
    s = v128.shuffle<f32>(p, p, 1, 1, 1, 1);
    c50 = madd(s, b0, c50);
    c51 = madd(s, b1, c51);
    s = v128.shuffle<f32>(p, p, 2, 2, 2, 2);
    c60 = madd(s, b0, c60);
    c61 = madd(s, b1, c61);
    s = v128.shuffle<f32>(p, p, 3, 3, 3, 3);
    c70 = madd(s, b0, c70);
    c71 = madd(s, b1, c71);
    b0 = v128.load(b, 96);
    b1 = v128.load(b, 112);
    p = v128.load(a, 96);
    s = v128.shuffle<f32>(p, p, 0, 0, 0, 0);
    c00 = madd(s, b0, c00);
    c01 = madd(s, b1, c01);
    s = v128.shuffle<f32>(p, p, 1, 1, 1, 1);
    c10 = madd(s, b0, c10);
    c11 = madd(s, b1, c11);
    s = v128.shuffle<f32>(p, p, 2, 2, 2, 2);
    c20 = madd(s, b0, c20);
    c21 = madd(s, b1, c21);
    s = v128.shuffle<f32>(p, p, 3, 3, 3, 3);
    c30 = madd(s, b0, c30);
    c31 = madd(s, b1, c31);
    p = v128.load(a, 112);
    s = v128.shuffle<f32>(p, p, 0, 0, 0, 0);
    c40 = madd(s, b0, c40);
    c41 = madd(s, b1, c41);
    s = v128.shuffle<f32>(p, p, 1, 1, 1, 1);
    c50 = madd(s, b0, c50);
    c51 = madd(s, b1, c51);
    s = v128.shuffle<f32>(p, p, 2, 2, 2, 2);
    c60 = madd(s, b0, c60);
    c61 = madd(s, b1, c61);
    s = v128.shuffle<f32>(p, p, 3, 3, 3, 3);
    c70 = madd(s, b0, c70);
    c71 = madd(s, b1, c71);
  }
  if (add) {
    c00 = f32x4.add(v128.load(c), c00);
    c01 = f32x4.add(v128.load(c, 16), c01);
    c10 = f32x4.add(v128.load(c + stride), c10);
    c11 = f32x4.add(v128.load(c + stride, 16), c11);
    c20 = f32x4.add(v128.load(c + 2 * stride), c20);
    c21 = f32x4.add(v128.load(c + 2 * stride, 16), c21);
    c30 = f32x4.add(v128.load(c + 3 * stride), c30);
    c31 = f32x4.add(v128.load(c + 3 * stride, 16), c31);
    c40 = f32x4.add(v128.load(c + 4 * stride), c40);
    c41 = f32x4.add(v128.load(c + 4 * stride, 16), c41);
    c50 = f32x4.add(v128.load(c + 5 * stride), c50);
    c51 = f32x4.add(v128.load(c + 5 * stride, 16), c51);
    c60 = f32x4.add(v128.load(c + 6 * stride), c60);
    c61 = f32x4.add(v128.load(c + 6 * stride, 16), c61);
    c70 = f32x4.add(v128.load(c + 7 * stride), c70);
    c71 = f32x4.add(v128.load(c + 7 * stride, 16), c71);
  }
  put(c, c00, c01);
  put(c + stride, c10, c11);
  put(c + 2 * stride, c20, c21);
  put(c + 3 * stride, c30, c31);
  put(c + 4 * stride, c40, c41);
  put(c + 5 * stride, c50, c51);
  put(c + 6 * stride, c60, c61);
  put(c + 7 * stride, c70, c71);
}

function put(c: usize, low: v128, high: v128): void {
  v128.store(c, low);
  v128.store(c, high, 16);
}
