// @ts-nocheck: AssemblyScript, see build.ts
/**
 * Matrix products with few rows, such as those of a single token. Memory bandwidth limits their speed, so `b`
 * is read once and in place, without packing. Sums run over `k` in blocks of 256 as in matmul_wasm.ts, so a
 * row of the result has the same bits as in a product with many rows.
 *
 * @module
 */
import { epilogue } from "./epilogue_wasm.ts";
import { madd } from "../../wasm/madd.ts";
import { loadPart, storePart } from "../../wasm/vector.ts";

const KC: usize = 256; // as in matmul_wasm.ts
const COLUMNS: usize = 2048; // columns per block: the sums of a row, 8 KiB, stay in the first-level cache

/**
 * This method is used for at most this many rows. Measured: for eight rows it took as long as tiles, for four
 * rows less than half as long. kernels/engine/cpu/product.ts has the same constant.
 */
export const FEW: usize = 8;

/**
 * Computes the columns [`from`, `to`) of the product of the matrices `a` [M, K] and `b`, which is [K, N], or
 * [N, K] if `transposed`. The other parameters are those of `product` in matmul_wasm.ts.
 */
export function fewRows(
  m: usize,
  n: usize,
  k: usize,
  from: usize,
  to: usize,
  a: usize,
  b: usize,
  transposed: bool,
  out: usize,
  add: bool,
  sums: usize,
  kind: i32,
  bias: usize,
  other: usize,
): void {
  if (transposed) byPanels(m, n, k, from, to, a, b, out, add);
  else byColumns(m, n, k, from, to, a, b, out, add, sums);
  epilogue(kind, out + (from << 2), n << 2, m, to - from, bias + (from << 2), other + (from << 2));
}

/** Handles a matrix `b` [K, N]: adds eight of its rows at a time to the sums of all columns. */
function byColumns(
  m: usize,
  n: usize,
  k: usize,
  from: usize,
  to: usize,
  a: usize,
  b: usize,
  out: usize,
  add: bool,
  sums: usize,
): void {
  const stride = n << 2;
  for (let j = from; j < to; j += COLUMNS) {
    const columns = min(COLUMNS, to - j), whole = (columns & ~3) << 2, rest = columns & 3;
    for (let pc: usize = 0; pc < k; pc += KC) {
      const end = min(pc + KC, k);
      memory.fill(sums, 0, m * COLUMNS << 2);
      let p = pc;
      for (; p + 8 <= end; p += 8) {
        for (let i: usize = 0; i < m; i++) {
          addEight(
            a + ((i * k + p) << 2),
            b + p * stride + (j << 2),
            stride,
            whole,
            rest,
            sums + (i * COLUMNS << 2),
          );
        }
      }
      for (; p < end; p++) {
        for (let i: usize = 0; i < m; i++) {
          addOne(a + ((i * k + p) << 2), b + p * stride + (j << 2), whole, rest, sums + (i * COLUMNS << 2));
        }
      }
      for (let i: usize = 0; i < m; i++) {
        join(out + i * stride + (j << 2), sums + (i * COLUMNS << 2), whole, rest, add || pc > 0);
      }
    }
  }
}

/** Computes `sums += a[p] * b[p]` for eight values of `p`; rows of `b` are `stride` bytes apart. */
function addEight(a: usize, b: usize, stride: usize, whole: usize, rest: usize, sums: usize): void {
  const a0 = v128.load32_splat(a), a1 = v128.load32_splat(a, 4);
  const a2 = v128.load32_splat(a, 8), a3 = v128.load32_splat(a, 12);
  const a4 = v128.load32_splat(a, 16), a5 = v128.load32_splat(a, 20);
  const a6 = v128.load32_splat(a, 24), a7 = v128.load32_splat(a, 28);
  const b1 = b + stride, b2 = b1 + stride, b3 = b2 + stride;
  const b4 = b3 + stride, b5 = b4 + stride, b6 = b5 + stride, b7 = b6 + stride;
  let at: usize = 0;
  for (; at < whole; at += 16) {
    let s = madd(a0, v128.load(b + at), v128.load(sums + at));
    s = madd(a1, v128.load(b1 + at), s);
    s = madd(a2, v128.load(b2 + at), s);
    s = madd(a3, v128.load(b3 + at), s);
    s = madd(a4, v128.load(b4 + at), s);
    s = madd(a5, v128.load(b5 + at), s);
    s = madd(a6, v128.load(b6 + at), s);
    s = madd(a7, v128.load(b7 + at), s);
    v128.store(sums + at, s);
  }
  if (rest == 0) return;
  let s = madd(a0, loadPart(b + at, rest, 0), v128.load(sums + at));
  s = madd(a1, loadPart(b1 + at, rest, 0), s);
  s = madd(a2, loadPart(b2 + at, rest, 0), s);
  s = madd(a3, loadPart(b3 + at, rest, 0), s);
  s = madd(a4, loadPart(b4 + at, rest, 0), s);
  s = madd(a5, loadPart(b5 + at, rest, 0), s);
  s = madd(a6, loadPart(b6 + at, rest, 0), s);
  s = madd(a7, loadPart(b7 + at, rest, 0), s);
  v128.store(sums + at, s);
}

function addOne(a: usize, b: usize, whole: usize, rest: usize, sums: usize): void {
  const factor = v128.load32_splat(a);
  let at: usize = 0;
  for (; at < whole; at += 16) v128.store(sums + at, madd(factor, v128.load(b + at), v128.load(sums + at)));
  if (rest > 0) v128.store(sums + at, madd(factor, loadPart(b + at, rest, 0), v128.load(sums + at)));
}

/** Computes `c = (add ? c : 0) + sums`. */
function join(c: usize, sums: usize, whole: usize, rest: usize, add: bool): void {
  if (!add) {
    memory.copy(c, sums, whole + (rest << 2));
    return;
  }
  let at: usize = 0;
  for (; at < whole; at += 16) v128.store(c + at, f32x4.add(v128.load(c + at), v128.load(sums + at)));
  if (rest > 0) storePart(c + at, f32x4.add(loadPart(c + at, rest, 0), v128.load(sums + at)), rest);
}

/**
 * Handles a matrix `b` [N, K]: computes eight columns at a time, each the dot product of a row of `a` and a
 * row of `b`.
 */
function byPanels(
  m: usize,
  n: usize,
  k: usize,
  from: usize,
  to: usize,
  a: usize,
  b: usize,
  out: usize,
  add: bool,
): void {
  const stride = k << 2;
  for (let j = from; j < to; j += 8) {
    const width = min<usize>(8, to - j), high = b + (j + min<usize>(4, width - 1)) * stride;
    for (let i: usize = 0; i < m; i++) {
      const c = out + ((i * n + j) << 2);
      if (width == 8) eightDots(k, a + i * stride, b + j * stride, high, c, add);
      else {
        fewDots(k, a + i * stride, b + j * stride, min<usize>(4, width), c, add);
        if (width > 4) fewDots(k, a + i * stride, high, width - 4, c + 16, add);
      }
    }
  }
}

/**
 * Computes `c[j] = (add ? c[j] : 0) + dot(a, b[j])` for eight values of `j`. Rows of `b` are `k` floats
 * apart; `high` is the address of row 4.
 */
function eightDots(k: usize, a: usize, b: usize, high: usize, c: usize, add: bool): void {
  const stride = k << 2, r1 = stride, r2 = stride << 1, r3 = r1 + r2, whole = k & ~3;
  let low4 = f32x4.splat(0), high4 = low4;
  if (add) {
    low4 = v128.load(c);
    high4 = v128.load(c, 16);
  }
  for (let pc: usize = 0; pc < k; pc += KC) {
    let s = f32x4.splat(0), t = s, p = pc << 2;
    for (const end = min(pc + KC, whole) << 2; p < end; p += 16) {
      const x = v128.load(b + p),
        y = v128.load(b + p + r1),
        z = v128.load(b + p + r2),
        w = v128.load(b + p + r3);
      const xy = v128.shuffle<f32>(x, y, 0, 4, 1, 5), zw = v128.shuffle<f32>(z, w, 0, 4, 1, 5);
      const xy2 = v128.shuffle<f32>(x, y, 2, 6, 3, 7), zw2 = v128.shuffle<f32>(z, w, 2, 6, 3, 7);
      const X = v128.load(high + p), Y = v128.load(high + p + r1);
      const Z = v128.load(high + p + r2), W = v128.load(high + p + r3);
      const XY = v128.shuffle<f32>(X, Y, 0, 4, 1, 5), ZW = v128.shuffle<f32>(Z, W, 0, 4, 1, 5);
      const XY2 = v128.shuffle<f32>(X, Y, 2, 6, 3, 7), ZW2 = v128.shuffle<f32>(Z, W, 2, 6, 3, 7);
      const a0 = v128.load32_splat(a + p), a1 = v128.load32_splat(a + p, 4);
      s = madd(a0, v128.shuffle<f32>(xy, zw, 0, 1, 4, 5), s);
      t = madd(a0, v128.shuffle<f32>(XY, ZW, 0, 1, 4, 5), t);
      s = madd(a1, v128.shuffle<f32>(xy, zw, 2, 3, 6, 7), s);
      t = madd(a1, v128.shuffle<f32>(XY, ZW, 2, 3, 6, 7), t);
      const a2 = v128.load32_splat(a + p, 8), a3 = v128.load32_splat(a + p, 12);
      s = madd(a2, v128.shuffle<f32>(xy2, zw2, 0, 1, 4, 5), s);
      t = madd(a2, v128.shuffle<f32>(XY2, ZW2, 0, 1, 4, 5), t);
      s = madd(a3, v128.shuffle<f32>(xy2, zw2, 2, 3, 6, 7), s);
      t = madd(a3, v128.shuffle<f32>(XY2, ZW2, 2, 3, 6, 7), t);
    }
    for (const end = min(pc + KC, k) << 2; p < end; p += 4) {
      const factor = v128.load32_splat(a + p);
      s = madd(factor, column(b + p, stride, 4), s);
      t = madd(factor, column(high + p, stride, 4), t);
    }
    low4 = add || pc > 0 ? f32x4.add(low4, s) : s;
    high4 = add || pc > 0 ? f32x4.add(high4, t) : t;
  }
  v128.store(c, low4);
  v128.store(c, high4, 16);
}

/** Works like `eightDots`, but for `count` (1 … 4) columns. */
function fewDots(k: usize, a: usize, b: usize, count: usize, c: usize, add: bool): void {
  const stride = k << 2;
  let sum = f32x4.splat(0);
  if (add) sum = count == 4 ? v128.load(c) : loadPart(c, count, 0);
  for (let pc: usize = 0; pc < k; pc += KC) {
    let s = f32x4.splat(0);
    for (let p = pc << 2, end = min(pc + KC, k) << 2; p < end; p += 4) {
      s = madd(v128.load32_splat(a + p), column(b + p, stride, count), s);
    }
    sum = add || pc > 0 ? f32x4.add(sum, s) : s;
  }
  if (count == 4) v128.store(c, sum);
  else storePart(c, sum, count);
}

/** Loads one float from each of `count` (1 … 4) rows, `stride` bytes apart; the other lanes are 0. */
function column(b: usize, stride: usize, count: usize): v128 {
  let v = f32x4.replace_lane(f32x4.splat(0), 0, load<f32>(b));
  if (count > 1) v = f32x4.replace_lane(v, 1, load<f32>(b + stride));
  if (count > 2) v = f32x4.replace_lane(v, 2, load<f32>(b + 2 * stride));
  if (count > 3) v = f32x4.replace_lane(v, 3, load<f32>(b + 3 * stride));
  return v;
}
