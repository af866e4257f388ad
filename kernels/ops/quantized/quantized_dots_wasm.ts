// @ts-nocheck: AssemblyScript, see build.ts
/**
 * Dot products of a row of floats with rows of quantised weights. The weights become floats in registers and
 * the scale of a block is applied to the block's sum, so a weight costs about one instruction.
 *
 * @module
 */
import {
  halfBits,
  halfFactor,
  high0,
  high1,
  low0,
  low1,
  lowBits,
  minusEight,
  sixteenth,
  thirtyTwo,
  twoBits,
} from "./constants_wasm.ts";
import { half, halves, minOf, Q4_0, Q4_1, Q4_K, Q8_0, scaleOf, sixBits } from "./dequantize_wasm.ts";
import { madd } from "../../wasm/madd.ts";

/**
 * Prepares the row `x` of `k` floats for `twoDots` with formats of 4 bits: writes `k` floats to `to` and
 * `k / 8` floats to `sums`.
 *
 * Four bits are taken from the words of a vector by a mask alone, without a shift, so they stand for their
 * value times a power of two. Within each 16 floats, vector `c` of `to` holds the floats that belong to byte
 * `c` of each word; those of bytes 1 and 3 are divided by 256. `sums` has four partial sums for each 32
 * floats.
 */
export function prepareFloats(x: usize, k: usize, to: usize, sums: usize): void {
  const by = f32x4.splat(1.0 / 256);
  for (const end = x + (k << 2); x < end; x += 128, to += 128, sums += 16) {
    let sum = f32x4.splat(0);
    for (let i: usize = 0; i < 128; i += 64) {
      const a = v128.load(x + i), b = v128.load(x + i, 16);
      const c = v128.load(x + i, 32), d = v128.load(x + i, 48);
      sum = f32x4.add(sum, f32x4.add(f32x4.add(a, b), f32x4.add(c, d)));
      const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5), cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
      const ab2 = v128.shuffle<f32>(a, b, 2, 6, 3, 7), cd2 = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
      v128.store(to + i, v128.shuffle<f32>(ab, cd, 0, 1, 4, 5));
      v128.store(to + i, f32x4.mul(v128.shuffle<f32>(ab, cd, 2, 3, 6, 7), by), 16);
      v128.store(to + i, v128.shuffle<f32>(ab2, cd2, 0, 1, 4, 5), 32);
      v128.store(to + i, f32x4.mul(v128.shuffle<f32>(ab2, cd2, 2, 3, 6, 7), by), 48);
    }
    v128.store(sums, sum);
  }
}

/**
 * Writes the dot products of `x` with the rows at `w0` and `w1`, `k` values each, to `c0` and `c1`.
 * `prepared` and `sums` are what `prepareFloats` wrote for `x`; formats of more bits do not read them.
 */
export function twoDots(
  format: i32,
  k: usize,
  x: usize,
  prepared: usize,
  sums: usize,
  w0: usize,
  w1: usize,
  c0: usize,
  c1: usize,
): void {
  if (format == Q4_0 || format == Q4_1) two4(format == Q4_1, k, prepared, sums, w0, w1, c0, c1);
  else if (format == Q8_0) two8(k, x, w0, w1, c0, c1);
  else if (format == Q4_K) {
    store<f32>(c0, dotQ4K(k, prepared, sums, w0));
    store<f32>(c1, dotQ4K(k, prepared, sums, w1));
  } else {
    store<f32>(c0, dotQ6K(k, x, w0));
    store<f32>(c1, dotQ6K(k, x, w1));
  }
}

function two4(
  hasMin: bool,
  k: usize,
  x: usize,
  sums: usize,
  w0: usize,
  w1: usize,
  c0: usize,
  c1: usize,
): void {
  const bytes: usize = hasMin ? 20 : 18, at: usize = hasMin ? 4 : 2;
  const low = low0(), low2 = low1(), high = high0(), high2 = high1(), by = sixteenth();
  const bits = halfBits(), factor = halfFactor(), eight = minusEight();
  let sum0 = f32x4.splat(0), sum1 = sum0;
  for (const end = x + (k << 2); x < end; x += 128, sums += 16, w0 += bytes, w1 += bytes) {
    const v0 = v128.load(w0 + at), v1 = v128.load(w1 + at);
    const u0 = i32x4.shr_u(v0, 16), u1 = i32x4.shr_u(v1, 16);
    let y = v128.load(x), z = v128.load(x, 64);
    let s0 = f32x4.mul(masked(v0, low), y), s1 = f32x4.mul(masked(v1, low), y);
    let t0 = f32x4.mul(masked(v0, high), z), t1 = f32x4.mul(masked(v1, high), z);
    y = v128.load(x, 16);
    z = v128.load(x, 80);
    s0 = madd(masked(v0, low2), y, s0);
    s1 = madd(masked(v1, low2), y, s1);
    t0 = madd(masked(v0, high2), z, t0);
    t1 = madd(masked(v1, high2), z, t1);
    y = v128.load(x, 32);
    z = v128.load(x, 96);
    s0 = madd(masked(u0, low), y, s0);
    s1 = madd(masked(u1, low), y, s1);
    t0 = madd(masked(u0, high), z, t0);
    t1 = madd(masked(u1, high), z, t1);
    y = v128.load(x, 48);
    z = v128.load(x, 112);
    s0 = madd(masked(u0, low2), y, s0);
    s1 = madd(masked(u1, low2), y, s1);
    s0 = madd(madd(masked(u0, high2), z, t0), by, s0);
    s1 = madd(madd(masked(u1, high2), z, t1), by, s1);
    const total = v128.load(sums);
    if (hasMin) {
      const scales = halves(<u64> load<u32>(w0) | (<u64> load<u32>(w1) << 32), bits, factor);
      sum0 = madd(v128.shuffle<f32>(scales, scales, 0, 0, 0, 0), s0, sum0);
      sum1 = madd(v128.shuffle<f32>(scales, scales, 2, 2, 2, 2), s1, sum1);
      sum0 = madd(v128.shuffle<f32>(scales, scales, 1, 1, 1, 1), total, sum0);
      sum1 = madd(v128.shuffle<f32>(scales, scales, 3, 3, 3, 3), total, sum1);
    } else {
      const scales = halves(<u64> load<u16>(w0) | (<u64> load<u16>(w1) << 16), bits, factor);
      sum0 = madd(v128.shuffle<f32>(scales, scales, 0, 0, 0, 0), madd(total, eight, s0), sum0);
      sum1 = madd(v128.shuffle<f32>(scales, scales, 1, 1, 1, 1), madd(total, eight, s1), sum1);
    }
  }
  store<f32>(c0, lanesOf(sum0));
  store<f32>(c1, lanesOf(sum1));
}

function two8(k: usize, x: usize, w0: usize, w1: usize, c0: usize, c1: usize): void {
  const bits = halfBits(), factor = halfFactor();
  let sum0 = f32x4.splat(0), sum1 = sum0;
  for (const end = x + (k << 2); x < end; x += 128, w0 += 34, w1 += 34) {
    let s0 = f32x4.splat(0), s1 = s0;
    for (let j: usize = 0; j < 32; j += 16) {
      const v0 = v128.load(w0 + j, 2), v1 = v128.load(w1 + j, 2), at = x + (j << 2);
      const a0 = i16x8.extend_low_i8x16_s(v0), b0 = i16x8.extend_high_i8x16_s(v0);
      const a1 = i16x8.extend_low_i8x16_s(v1), b1 = i16x8.extend_high_i8x16_s(v1);
      let y = v128.load(at);
      s0 = madd(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(a0)), y, s0);
      s1 = madd(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(a1)), y, s1);
      y = v128.load(at, 16);
      s0 = madd(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(a0)), y, s0);
      s1 = madd(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(a1)), y, s1);
      y = v128.load(at, 32);
      s0 = madd(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(b0)), y, s0);
      s1 = madd(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(b1)), y, s1);
      y = v128.load(at, 48);
      s0 = madd(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(b0)), y, s0);
      s1 = madd(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(b1)), y, s1);
    }
    const scales = halves(<u64> load<u16>(w0) | (<u64> load<u16>(w1) << 16), bits, factor);
    sum0 = madd(v128.shuffle<f32>(scales, scales, 0, 0, 0, 0), s0, sum0);
    sum1 = madd(v128.shuffle<f32>(scales, scales, 1, 1, 1, 1), s1, sum1);
  }
  store<f32>(c0, lanesOf(sum0));
  store<f32>(c1, lanesOf(sum1));
}

function dotQ4K(k: usize, x: usize, sums: usize, w: usize): f32 {
  const low = low0(), low2 = low1(), high = high0(), high2 = high1();
  let sum = f32x4.splat(0);
  for (const end = x + (k << 2); x < end; w += 144) {
    const d = half(w), dmin = -half(w + 2);
    // Two sub-blocks at a time: the low halves of 32 bytes, and the high halves.
    for (let i: usize = 0; i < 8; i += 2, x += 256, sums += 32) {
      const bytes = w + 16 + (i << 4);
      let s = f32x4.splat(0), t = s;
      for (let j: usize = 0; j < 32; j += 16) {
        const v = v128.load(bytes + j), u = i32x4.shr_u(v, 16), at = x + (j << 2);
        s = madd(masked(v, low), v128.load(at), s);
        t = madd(masked(v, high), v128.load(at, 128), t);
        s = madd(masked(v, low2), v128.load(at, 16), s);
        t = madd(masked(v, high2), v128.load(at, 144), t);
        s = madd(masked(u, low), v128.load(at, 32), s);
        t = madd(masked(u, high), v128.load(at, 160), t);
        s = madd(masked(u, low2), v128.load(at, 48), s);
        t = madd(masked(u, high2), v128.load(at, 176), t);
      }
      sum = madd(f32x4.splat(d * <f32> scaleOf(w + 4, i)), s, sum);
      sum = madd(f32x4.splat(d * <f32> scaleOf(w + 4, i + 1) * (1.0 / 16)), t, sum);
      sum = madd(f32x4.splat(dmin * <f32> minOf(w + 4, i)), v128.load(sums), sum);
      sum = madd(f32x4.splat(dmin * <f32> minOf(w + 4, i + 1)), v128.load(sums, 16), sum);
    }
  }
  return lanesOf(sum);
}

function dotQ6K(k: usize, x: usize, w: usize): f32 {
  const low = lowBits(), two = twoBits(), shift = thirtyTwo();
  let sum = f32x4.splat(0);
  for (const end = x + (k << 2); x < end; x += 1024, w += 210) {
    const d = half(w + 208);
    for (let i: usize = 0; i < 4; i++) { // the four places of dequantize_wasm.ts
      const part = i >> 1, right = (i & 1) << 4, scales = w + 192 + (part << 3) + (i & 1);
      const a = v128.load(w + (part << 6) + right), b = v128.load(w + (part << 6) + right, 32);
      const high = v128.load(w + 128 + (part << 5) + right), from = x + (part << 9) + (right << 2);
      let s = dot16(i8x16.sub(sixBits(a, high, low, two), shift), from);
      sum = madd(f32x4.splat(d * <f32> load<i8>(scales)), s, sum);
      s = dot16(i8x16.sub(sixBits(b, i16x8.shr_u(high, 2), low, two), shift), from + 128);
      sum = madd(f32x4.splat(d * <f32> load<i8>(scales, 2)), s, sum);
      const a4 = i16x8.shr_u(a, 4), b4 = i16x8.shr_u(b, 4);
      s = dot16(i8x16.sub(sixBits(a4, i16x8.shr_u(high, 4), low, two), shift), from + 256);
      sum = madd(f32x4.splat(d * <f32> load<i8>(scales, 4)), s, sum);
      s = dot16(i8x16.sub(sixBits(b4, i16x8.shr_u(high, 6), low, two), shift), from + 384);
      sum = madd(f32x4.splat(d * <f32> load<i8>(scales, 6)), s, sum);
    }
  }
  return lanesOf(sum);
}

/** Returns four partial sums of the products of 16 signed bytes with the floats at `x`. */
function dot16(q: v128, x: usize): v128 {
  const a = i16x8.extend_low_i8x16_s(q), b = i16x8.extend_high_i8x16_s(q);
  let s = f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(a)), v128.load(x));
  s = madd(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(a)), v128.load(x, 16), s);
  s = madd(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(b)), v128.load(x, 32), s);
  return madd(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(b)), v128.load(x, 48), s);
}

/** Returns the masked bits of each word as a float. */
function masked(words: v128, mask: v128): v128 {
  return f32x4.convert_i32x4_s(v128.and(words, mask));
}

/** Returns the sum of the four lanes. */
export function lanesOf(v: v128): f32 {
  return (f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1)) +
    (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3));
}
