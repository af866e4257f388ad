// @ts-nocheck: AssemblyScript, see build.ts
/**
 * Functions on vectors of four floats, and logarithms and powers in float64.
 *
 * `exp(x) = 2^n (1 + p(r))` with `n = round(x / ln 2)` and `r = x - n ln 2` in [-0.347, 0.347]; `p` is the
 * Taylor polynomial of expm1 of degree 7 (truncation error 5e-9). Relative errors measured against float64:
 * exp below 1.5e-7, tanh below 2.5e-7.
 *
 * @module
 */
import { madd } from "./madd.ts";

// Constants are loaded from memory because V8 builds a constant vector anew at every use, with four
// instructions; a splat load is a single instruction. This halves the time of exp.
const ONE = memory.data<f32>([1], 4);
const TWO = memory.data<f32>([2], 4);
const LOG2E = memory.data<f32>([1.44269504], 4);
const MAGIC = memory.data<f32>([12582912], 4); // 1.5 * 2^23
// -ln 2 in two parts: the first has 9 significant bits, so that its product with `n` is exact.
const LN2_HIGH = memory.data<f32>([-0.693359375], 4);
const LN2_LOW = memory.data<f32>([2.12194440e-4], 4);
const LEAST = memory.data<f32>([-87.3], 4);
const MOST = memory.data<f32>([88.37], 4);
const FLAT = memory.data<f32>([9.1], 4); // from here on, tanh rounds to 1 in float32
const P2 = memory.data<f32>([1.0 / 2.0], 4);
const P3 = memory.data<f32>([1.0 / 6.0], 4);
const P4 = memory.data<f32>([1.0 / 24.0], 4);
const P5 = memory.data<f32>([1.0 / 120.0], 4);
const P6 = memory.data<f32>([1.0 / 720.0], 4);
const P7 = memory.data<f32>([1.0 / 5040.0], 4);

/**
 * Returns `MAGIC + n`, where `n` is `x / ln 2` rounded to a whole number. Floats near `MAGIC = 1.5 * 2^23`
 * have no fraction bits, so the addition rounds, and the lowest bits of the result hold `n`. This takes two
 * instructions; nearest and trunc_sat take a dozen.
 */
function shifted(x: v128): v128 {
  return madd(x, v128.load32_splat(LOG2E), v128.load32_splat(MAGIC));
}

/** Returns `2^n` for `n` in [-126, 127], given as `MAGIC + n`: adds `n` to the exponent bits of 1. */
function power2(magic: v128): v128 {
  return i32x4.add(i32x4.shl(magic, 23), v128.load32_splat(ONE));
}

/** Returns `expm1(x - n ln 2)`, where `n` is given as `MAGIC + n`. */
function remainder(x: v128, magic: v128): v128 {
  const n = f32x4.sub(magic, v128.load32_splat(MAGIC));
  const high = madd(n, v128.load32_splat(LN2_HIGH), x);
  const r = madd(n, v128.load32_splat(LN2_LOW), high);
  let p = madd(v128.load32_splat(P7), r, v128.load32_splat(P6));
  p = madd(p, r, v128.load32_splat(P5));
  p = madd(p, r, v128.load32_splat(P4));
  p = madd(p, r, v128.load32_splat(P3));
  p = madd(p, r, v128.load32_splat(P2));
  p = madd(p, r, v128.load32_splat(ONE));
  return f32x4.mul(p, r);
}

/** Returns `e^x`; it is 0 below -87.3, `e^88.37` above 88.37, and NaN for NaN. */
export function exp(x: v128): v128 {
  const small = f32x4.lt(x, v128.load32_splat(LEAST));
  // pmin is a single instruction, unlike min, and returns NaN where `x` is NaN.
  x = f32x4.pmin(x, v128.load32_splat(MOST));
  const magic = shifted(x), s = power2(magic);
  return v128.andnot(madd(s, remainder(x, magic), s), small);
}

/** Returns `tanh x = e / (e + 2)` with the sign of `x`, where `e = expm1(2|x|)`. */
export function tanh(x: v128): v128 {
  const a = f32x4.pmin(f32x4.abs(x), v128.load32_splat(FLAT)), y = f32x4.add(a, a);
  const magic = shifted(y), s = power2(magic);
  const e = madd(s, remainder(y, magic), f32x4.sub(s, v128.load32_splat(ONE)));
  const t = f32x4.div(e, f32x4.add(e, v128.load32_splat(TWO)));
  return v128.or(t, v128.and(x, f32x4.neg(f32x4.splat(0))));
}

/** `x * x`. */
export function square(x: v128): v128 {
  return f32x4.mul(x, x);
}

/** `1 / (1 + e^-x)`. */
export function logistic(x: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.div(one, f32x4.add(one, exp(f32x4.neg(x))));
}

/** `x / (1 + e^-x)`. */
export function silu(x: v128): v128 {
  return f32x4.div(x, f32x4.add(v128.load32_splat(ONE), exp(f32x4.neg(x))));
}

/** `s (1 + x (1 - s)) dy` with `s = 1 / (1 + e)`, `1 - s = e s` and `e = e^-x`. */
export function siluGradient(x: v128, dy: v128): v128 {
  const one = v128.load32_splat(ONE), e = exp(f32x4.neg(x)), s = f32x4.div(one, f32x4.add(one, e));
  return f32x4.mul(f32x4.mul(s, madd(x, f32x4.mul(e, s), one)), dy);
}

/** Returns natural logarithms of four floats, computed in float64: -Infinity at 0, NaN below 0. */
export function log(x: v128): v128 {
  let y = f32x4.splat(<f32> log64(<f64> f32x4.extract_lane(x, 0)));
  y = f32x4.replace_lane(y, 1, <f32> log64(<f64> f32x4.extract_lane(x, 1)));
  y = f32x4.replace_lane(y, 2, <f32> log64(<f64> f32x4.extract_lane(x, 2)));
  return f32x4.replace_lane(y, 3, <f32> log64(<f64> f32x4.extract_lane(x, 3)));
}

/**
 * Returns the natural logarithm in float64: -Infinity at 0, NaN below 0. For `x = m 2^e` with `m` in [0.7,
 * 1.42] the logarithm is `e ln 2 + 2 atanh((m - 1) / (m + 1))`; the relative error is below 1e-15.
 */
export function log64(x: f64): f64 {
  if (!(x > 0 && x < Infinity)) return x == 0 ? -Infinity : x < 0 ? NaN : x;
  const bits = reinterpret<i64>(x);
  let exponent = (bits >> 52) - 1023;
  let m = reinterpret<f64>((bits & 0xFFFFFFFFFFFFF) | 0x3FF0000000000000);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    exponent++;
  }
  const f = (m - 1) / (m + 1), z = f * f;
  let sum: f64 = 0;
  for (let k: i32 = 10; k >= 0; k--) sum = sum * z + 1 / <f64> (2 * k + 1);
  return <f64> exponent * 0.6931471805599453 + 2 * f * sum;
}

/**
 * Returns `base^x` in float64 for `base` in [0, 1) and `x > 0`. The result is accurate enough that
 * `1 - base^x` has a relative error below 1e-13, even for 0.999^1.
 */
export function power64(base: f64, x: f64): f64 {
  const y = x * log64(base);
  if (y < -700) return 0;
  const n = nearest(y * 1.4426950408889634);
  const r = y - n * 0.6931471805599453;
  let sum: f64 = 1;
  // Taylor series; truncation error below 1e-17 for `|r| <= 0.347`.
  for (let k: i32 = 14; k > 0; k--) sum = 1 + sum * r / <f64> k;
  return sum * reinterpret<f64>((<i64> n + 1023) << 52);
}
