// @ts-nocheck: AssemblyScript, see build.ts
/**
 * Dot products of a row of 8-bit activations with rows of quantised weights: sums of a block are integers,
 * which the scales of both sides then multiply. Activations are rounded to 8 bits for 32 at a time.
 *
 * @module
 */
import { halfBits, halfFactor, lowBits, minusEight, twoBits } from "./constants_wasm.ts";
import { half, halves, minOf, Q4_0, Q4_1, Q4_K, Q8_0, scaleOf, sixBits } from "./dequantize_wasm.ts";
import { lanesOf } from "./quantized_dots_wasm.ts";
import { madd } from "../../wasm/madd.ts";

/** Bytes that `prepareBytes` writes for each 32 activations: 32 bytes, the scale, two sums and a zero. */
export const BLOCK: usize = 48;

/**
 * Rounds the row `x` of `k` floats to 8 bits: for each 32 floats writes to `to` the 32 bytes, their scale
 * (largest size / 127), and the sums of the first and of the last 16 bytes times the scale.
 */
export function prepareBytes(x: usize, k: usize, to: usize): void {
  for (const end = x + (k << 2); x < end; x += 128, to += BLOCK) {
    const scale = largestOf(x) / 127, by = f32x4.splat(scale < 1e-30 ? 0 : 1 / scale);

    for (let i: usize = 0; i < 32; i += 16) {
      const at = x + (i << 2);
      const a = rounded(v128.load(at), by), b = rounded(v128.load(at, 16), by);
      const c = rounded(v128.load(at, 32), by), d = rounded(v128.load(at, 48), by);
      const sums = i32x4.add(i32x4.add(a, b), i32x4.add(c, d));
      const total = scale * <f32> ((i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1)) +
        (i32x4.extract_lane(sums, 2) + i32x4.extract_lane(sums, 3)));
      store<f32>(to + 36 + (i >> 2), total);
      v128.store(to + i, i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d)));
    }
    store<f32>(to, scale, 32);
    store<f32>(to, 0, 44);
  }
}

/** Writes `k` floats of `x`, rounded to 8 bits as `prepareBytes` does, to `to`. */
export function roundFloats(x: usize, k: usize, to: usize): void {
  for (const end = x + (k << 2); x < end; x += 128, to += 128) {
    const scale = largestOf(x) / 127, by = f32x4.splat(scale < 1e-30 ? 0 : 1 / scale), d = f32x4.splat(scale);
    for (let i: usize = 0; i < 128; i += 16) {
      v128.store(to + i, f32x4.mul(d, f32x4.convert_i32x4_s(rounded(v128.load(x + i), by))));
    }
  }
}

/**
 * Writes the dot products of the activations that `prepareBytes` wrote to `x` with the rows at `w0` and `w1`,
 * `k` values each, to `c0` and `c1`.
 */
export function twoByteDots(
  format: i32,
  k: usize,
  x: usize,
  w0: usize,
  w1: usize,
  c0: usize,
  c1: usize,
): void {
  if (format == Q4_0 || format == Q4_1) two4(format == Q4_1, k, x, w0, w1, c0, c1);
  else if (format == Q8_0) two8(k, x, w0, w1, c0, c1);
  else if (format == Q4_K) {
    store<f32>(c0, dotQ4K(k, x, w0));
    store<f32>(c1, dotQ4K(k, x, w1));
  } else {
    store<f32>(c0, dotQ6K(k, x, w0));
    store<f32>(c1, dotQ6K(k, x, w1));
  }
}

function two4(hasMin: bool, k: usize, x: usize, w0: usize, w1: usize, c0: usize, c1: usize): void {
  const bytes: usize = hasMin ? 20 : 18, at: usize = hasMin ? 4 : 2;
  const low = lowBits(), zero = i32x4.splat(0), keep = halfBits(), factor = halfFactor();
  const eight = minusEight();
  let sum0 = f32x4.splat(0), sum1 = sum0, plus0 = sum0, plus1 = sum0;
  for (const end = x + (k >> 5) * BLOCK; x < end; x += BLOCK, w0 += bytes, w1 += bytes) {
    const v0 = v128.load(w0 + at), v1 = v128.load(w1 + at), y = v128.load(x), z = v128.load(x, 16);
    let s0 = addDot(y, v128.and(v0, low), zero), s1 = addDot(y, v128.and(v1, low), zero);
    s0 = addDot(z, v128.and(i16x8.shr_u(v0, 4), low), s0);
    s1 = addDot(z, v128.and(i16x8.shr_u(v1, 4), low), s1);
    // Lanes of the activations are the scale, both sums and 0.
    const scale = v128.load(x, 32), by = v128.shuffle<f32>(scale, scale, 0, 0, 0, 0);
    if (hasMin) {
      const d = halves(<u64> load<u32>(w0) | (<u64> load<u32>(w1) << 32), keep, factor);
      const d0 = f32x4.mul(by, v128.shuffle<f32>(d, d, 0, 0, 0, 0));
      const d1 = f32x4.mul(by, v128.shuffle<f32>(d, d, 2, 2, 2, 2));
      sum0 = madd(d0, f32x4.convert_i32x4_s(s0), sum0);
      sum1 = madd(d1, f32x4.convert_i32x4_s(s1), sum1);
      plus0 = madd(v128.shuffle<f32>(d, d, 1, 1, 1, 1), scale, plus0);
      plus1 = madd(v128.shuffle<f32>(d, d, 3, 3, 3, 3), scale, plus1);
    } else {
      const d = halves(<u64> load<u16>(w0) | (<u64> load<u16>(w1) << 16), keep, factor);
      const d0 = v128.shuffle<f32>(d, d, 0, 0, 0, 0), d1 = v128.shuffle<f32>(d, d, 1, 1, 1, 1);
      sum0 = madd(f32x4.mul(by, d0), f32x4.convert_i32x4_s(s0), sum0);
      sum1 = madd(f32x4.mul(by, d1), f32x4.convert_i32x4_s(s1), sum1);
      const minus = f32x4.mul(eight, scale);
      plus0 = madd(d0, minus, plus0);
      plus1 = madd(d1, minus, plus1);
    }
  }
  store<f32>(c0, lanesOf(sum0) + (f32x4.extract_lane(plus0, 1) + f32x4.extract_lane(plus0, 2)));
  store<f32>(c1, lanesOf(sum1) + (f32x4.extract_lane(plus1, 1) + f32x4.extract_lane(plus1, 2)));
}

function two8(k: usize, x: usize, w0: usize, w1: usize, c0: usize, c1: usize): void {
  const keep = halfBits(), factor = halfFactor();
  let sum0 = f32x4.splat(0), sum1 = sum0;
  for (const end = x + (k >> 5) * BLOCK; x < end; x += BLOCK, w0 += 34, w1 += 34) {
    let s0 = i32x4.splat(0), s1 = s0;
    for (let j: usize = 0; j < 32; j += 16) {
      const v0 = v128.load(w0 + j, 2), v1 = v128.load(w1 + j, 2), y = v128.load(x + j);
      const low = i16x8.extend_low_i8x16_s(y), high = i16x8.extend_high_i8x16_s(y);
      s0 = i32x4.add(s0, i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_s(v0), low));
      s1 = i32x4.add(s1, i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_s(v1), low));
      s0 = i32x4.add(s0, i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_s(v0), high));
      s1 = i32x4.add(s1, i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_s(v1), high));
    }
    const d = halves(<u64> load<u16>(w0) | (<u64> load<u16>(w1) << 16), keep, factor);
    const by = v128.load32_splat(x, 32);
    sum0 = madd(f32x4.mul(by, v128.shuffle<f32>(d, d, 0, 0, 0, 0)), f32x4.convert_i32x4_s(s0), sum0);
    sum1 = madd(f32x4.mul(by, v128.shuffle<f32>(d, d, 1, 1, 1, 1)), f32x4.convert_i32x4_s(s1), sum1);
  }
  store<f32>(c0, lanesOf(sum0));
  store<f32>(c1, lanesOf(sum1));
}

function dotQ4K(k: usize, x: usize, w: usize): f32 {
  const low = lowBits(), zero = i32x4.splat(0);
  let sum = f32x4.splat(0), plus: f32 = 0;
  for (const end = x + (k >> 5) * BLOCK; x < end; w += 144) {
    const d = half(w), dmin = half(w + 2);
    let minima: f32 = 0;
    for (let i: usize = 0; i < 8; i += 2, x += 2 * BLOCK) {
      const bytes = w + 16 + (i << 4), v = v128.load(bytes), u = v128.load(bytes, 16);
      let s = addDot(v128.load(x), v128.and(v, low), zero);
      s = addDot(v128.load(x, 16), v128.and(u, low), s);
      let t = addDot(v128.load(x + BLOCK), v128.and(i16x8.shr_u(v, 4), low), zero);
      t = addDot(v128.load(x + BLOCK, 16), v128.and(i16x8.shr_u(u, 4), low), t);
      const ds = d * <f32> scaleOf(w + 4, i) * load<f32>(x, 32);
      const dt = d * <f32> scaleOf(w + 4, i + 1) * load<f32>(x + BLOCK, 32);
      sum = madd(f32x4.splat(ds), f32x4.convert_i32x4_s(s), sum);
      sum = madd(f32x4.splat(dt), f32x4.convert_i32x4_s(t), sum);
      minima += <f32> minOf(w + 4, i) * (load<f32>(x, 36) + load<f32>(x, 40));
      minima += <f32> minOf(w + 4, i + 1) * (load<f32>(x + BLOCK, 36) + load<f32>(x + BLOCK, 40));
    }
    plus -= dmin * minima;
  }
  return lanesOf(sum) + plus;
}

function dotQ6K(k: usize, x: usize, w: usize): f32 {
  const low = lowBits(), two = twoBits(), zero = i32x4.splat(0);
  let sum = f32x4.splat(0), plus: f32 = 0;
  for (const end = x + (k >> 5) * BLOCK; x < end; x += 8 * BLOCK, w += 210) {
    const d = half(w + 208);
    for (let i: usize = 0; i < 4; i++) { // the four places of dequantize_wasm.ts
      const part = i >> 1, right = (i & 1) << 4, scales = w + 192 + (part << 3) + (i & 1);
      const a = v128.load(w + (part << 6) + right), b = v128.load(w + (part << 6) + right, 32);
      const high = v128.load(w + 128 + (part << 5) + right), from = x + 4 * part * BLOCK;
      const a4 = i16x8.shr_u(a, 4), b4 = i16x8.shr_u(b, 4), total = from + 36 + ((i & 1) << 2);
      const q0 = sixBits(a, high, low, two), q1 = sixBits(b, i16x8.shr_u(high, 2), low, two);
      const q2 = sixBits(a4, i16x8.shr_u(high, 4), low, two);
      const q3 = sixBits(b4, i16x8.shr_u(high, 6), low, two);
      const d0 = d * <f32> load<i8>(scales), d1 = d * <f32> load<i8>(scales, 2);
      const d2 = d * <f32> load<i8>(scales, 4), d3 = d * <f32> load<i8>(scales, 6);
      let s = f32x4.convert_i32x4_s(addDot(v128.load(from + right), q0, zero));
      sum = madd(f32x4.splat(d0 * load<f32>(from, 32)), s, sum);
      s = f32x4.convert_i32x4_s(addDot(v128.load(from + right, 48), q1, zero));
      sum = madd(f32x4.splat(d1 * load<f32>(from, 80)), s, sum);
      s = f32x4.convert_i32x4_s(addDot(v128.load(from + right, 96), q2, zero));
      sum = madd(f32x4.splat(d2 * load<f32>(from, 128)), s, sum);
      s = f32x4.convert_i32x4_s(addDot(v128.load(from + right, 144), q3, zero));
      sum = madd(f32x4.splat(d3 * load<f32>(from, 176)), s, sum);
      plus += (d0 * load<f32>(total) + d1 * load<f32>(total, 48)) +
        (d2 * load<f32>(total, 96) + d3 * load<f32>(total, 144));
    }
  }
  return lanesOf(sum) - 32 * plus;
}

/** Adds the products of signed bytes `a` and bytes `b` from 0 to 127 to any lanes of `sum`. */
function addDot(a: v128, b: v128, sum: v128): v128 {
  // A constant of the build: only one of the two branches is compiled.
  if (ASC_FEATURE_RELAXED_SIMD) return i32x4.relaxed_dot_i8x16_i7x16_add_s(a, b, sum);
  const low = i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_s(a), i16x8.extend_low_i8x16_s(b));
  const high = i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_s(a), i16x8.extend_high_i8x16_s(b));
  return i32x4.add(sum, i32x4.add(low, high));
}

/** Returns the integers nearest to `x · by`. */
function rounded(x: v128, by: v128): v128 {
  return i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(x, by)));
}

/** Returns the largest size of 32 floats. */
function largestOf(x: usize): f32 {
  let top = f32x4.abs(v128.load(x));
  for (let i: usize = 16; i < 128; i += 16) top = f32x4.max(top, f32x4.abs(v128.load(x + i)));
  return max(
    max(f32x4.extract_lane(top, 0), f32x4.extract_lane(top, 1)),
    max(f32x4.extract_lane(top, 2), f32x4.extract_lane(top, 3)),
  );
}
