// @ts-nocheck: AssemblyScript, see build.ts
/**
 * Quantised blocks in WASM: their sizes, and their values as float32, with the bits that
 * kernels/core/blocks gives.
 *
 * @module
 */
import { lowBits, thirtyTwo, twoBits } from "./constants_wasm.ts";

/** Numbers of the formats, in the order of `productFormats` in block_layout.ts. */
export const Q4_0: i32 = 0;
export const Q4_1: i32 = 1;
export const Q8_0: i32 = 2;
export const Q4_K: i32 = 3;
export const Q6_K: i32 = 4;

/** Returns the number of bytes of a row of `k` values. */
export function rowBytes(format: i32, k: usize): usize {
  if (format == Q4_0) return (k >> 5) * 18;
  if (format == Q4_1) return (k >> 5) * 20;
  if (format == Q8_0) return (k >> 5) * 34;
  return format == Q4_K ? (k >> 8) * 144 : (k >> 8) * 210;
}

/** Returns the f16 number at `p`, which is finite, as f32. */
export function half(p: usize): f32 {
  const bits = <u32> load<u16>(p);
  const size = reinterpret<f32>((bits & 0x7fff) << 13) * reinterpret<f32>(0x77800000); // 2^112
  return reinterpret<f32>(reinterpret<u32>(size) | ((bits & 0x8000) << 16));
}

/**
 * Returns four f16 numbers, which are finite, as f32. `bits` and `by` are `halfBits()` and
 * `halfFactor()`.
 */
export function halves(four: u64, bits: v128, by: v128): v128 {
  const words = i32x4.shl(i32x4.extend_low_i16x8_s(i64x2.splat(<i64> four)), 13);
  return f32x4.mul(v128.and(words, bits), by);
}

/** Returns the scale, 0 … 63, of sub-block `i` of the Q4_K block whose 12 bytes of scales are at `p`. */
export function scaleOf(p: usize, i: usize): u32 {
  if (i < 4) return load<u8>(p + i) & 63;
  return (load<u8>(p + i + 4) & 15) | ((load<u8>(p + i - 4) >> 6) << 4);
}

/** Returns the minimum, 0 … 63, of sub-block `i` of the Q4_K block whose 12 bytes of scales are at `p`. */
export function minOf(p: usize, i: usize): u32 {
  if (i < 4) return load<u8>(p + i + 4) & 63;
  return (load<u8>(p + i + 4) >> 4) | ((load<u8>(p + i) >> 6) << 4);
}

/**
 * Returns 16 values, 0 … 63, of a Q6_K block: the low four bits of `bytes` and the low two bits of `pairs`,
 * whose other bits are ignored. `low` and `two` are `lowBits()` and `twoBits()`.
 */
export function sixBits(bytes: v128, pairs: v128, low: v128, two: v128): v128 {
  return v128.or(v128.and(bytes, low), i16x8.shl(v128.and(pairs, two), 4));
}

/** Writes `count` values, whole blocks, from `w` to `out`. */
export function dequantize(format: i32, w: usize, count: usize, out: usize): void {
  const end = out + (count << 2);
  if (format == Q4_0) {
    for (; out < end; out += 128, w += 18) {
      const v = v128.load(w, 2), d = half(w), eight = i8x16.splat(8);
      put16(i8x16.sub(v128.and(v, i8x16.splat(15)), eight), d, out);
      put16(i8x16.sub(i8x16.shr_u(v, 4), eight), d, out + 64);
    }
  } else if (format == Q4_1) {
    for (; out < end; out += 128, w += 20) {
      const v = v128.load(w, 4), d = half(w), min = half(w + 2);
      putScaled(v128.and(v, i8x16.splat(15)), d, min, out);
      putScaled(i8x16.shr_u(v, 4), d, min, out + 64);
    }
  } else if (format == Q8_0) {
    for (; out < end; out += 128, w += 34) {
      const d = half(w);
      put16(v128.load(w, 2), d, out);
      put16(v128.load(w, 18), d, out + 64);
    }
  } else if (format == Q4_K) {
    for (; out < end; out += 1024, w += 144) putQ4K(w, out);
  } else {
    for (; out < end; out += 1024, w += 210) putQ6K(w, out);
  }
}

/** Each half of 128 values has 64 bytes of low bits, 32 bytes of high bits, and quarters of 32 values. */
function putQ6K(w: usize, out: usize): void {
  const low = lowBits(), two = twoBits(), shift = thirtyTwo(), d = half(w + 208);
  for (let i: usize = 0; i < 4; i++) {
    const part = i >> 1, right = (i & 1) << 4, scales = w + 192 + (part << 3) + (i & 1);
    const a = v128.load(w + (part << 6) + right), b = v128.load(w + (part << 6) + right, 32);
    const high = v128.load(w + 128 + (part << 5) + right), to = out + (part << 9) + (right << 2);
    let q = i8x16.sub(sixBits(a, high, low, two), shift);
    put16(q, d * <f32> load<i8>(scales), to);
    q = i8x16.sub(sixBits(b, i16x8.shr_u(high, 2), low, two), shift);
    put16(q, d * <f32> load<i8>(scales, 2), to + 128);
    q = i8x16.sub(sixBits(i16x8.shr_u(a, 4), i16x8.shr_u(high, 4), low, two), shift);
    put16(q, d * <f32> load<i8>(scales, 4), to + 256);
    q = i8x16.sub(sixBits(i16x8.shr_u(b, 4), i16x8.shr_u(high, 6), low, two), shift);
    put16(q, d * <f32> load<i8>(scales, 6), to + 384);
  }
}

function putQ4K(w: usize, out: usize): void {
  const d = half(w), dmin = half(w + 2);
  for (let i: usize = 0; i < 8; i += 2) {
    const bytes = w + 16 + (i << 4), to = out + (i << 7);
    const d0 = d * <f32> scaleOf(w + 4, i), min0 = -(dmin * <f32> minOf(w + 4, i));
    const d1 = d * <f32> scaleOf(w + 4, i + 1), min1 = -(dmin * <f32> minOf(w + 4, i + 1));
    for (let j: usize = 0; j < 32; j += 16) {
      const v = v128.load(bytes + j);
      putScaled(v128.and(v, i8x16.splat(15)), d0, min0, to + (j << 2));
      putScaled(i8x16.shr_u(v, 4), d1, min1, to + 128 + (j << 2));
    }
  }
}

/** Writes `d · q + min` for 16 signed bytes `q`, rounded twice. */
function putScaled(q: v128, d: f32, min: f32, out: usize): void {
  const by = f32x4.splat(d), plus = f32x4.splat(min);
  const low = i16x8.extend_low_i8x16_s(q), high = i16x8.extend_high_i8x16_s(q);
  v128.store(out, f32x4.add(f32x4.mul(asFloats(i32x4.extend_low_i16x8_s(low)), by), plus));
  v128.store(out, f32x4.add(f32x4.mul(asFloats(i32x4.extend_high_i16x8_s(low)), by), plus), 16);
  v128.store(out, f32x4.add(f32x4.mul(asFloats(i32x4.extend_low_i16x8_s(high)), by), plus), 32);
  v128.store(out, f32x4.add(f32x4.mul(asFloats(i32x4.extend_high_i16x8_s(high)), by), plus), 48);
}

/** Writes `d · q` for 16 signed bytes `q`. */
function put16(q: v128, d: f32, out: usize): void {
  const by = f32x4.splat(d);
  const low = i16x8.extend_low_i8x16_s(q), high = i16x8.extend_high_i8x16_s(q);
  v128.store(out, f32x4.mul(asFloats(i32x4.extend_low_i16x8_s(low)), by));
  v128.store(out, f32x4.mul(asFloats(i32x4.extend_high_i16x8_s(low)), by), 16);
  v128.store(out, f32x4.mul(asFloats(i32x4.extend_low_i16x8_s(high)), by), 32);
  v128.store(out, f32x4.mul(asFloats(i32x4.extend_high_i16x8_s(high)), by), 48);
}

function asFloats(v: v128): v128 {
  return f32x4.convert_i32x4_s(v);
}
