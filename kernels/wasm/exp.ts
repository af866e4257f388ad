// @ts-nocheck: AssemblyScript, see build.ts
/**
 * exp and tanh on four floats, log and powers in float64.
 *
 * exp(x) = 2^n (1 + p(r)), n = round(x / ln 2), r = x - n ln 2 in [-0.347, 0.347], p the Taylor polynomial of
 * expm1 of degree 7 (cut-off error 5e-9). Relative error measured against float64: exp below 1.5e-7, tanh below
 * 2.5e-7.
 *
 * @module
 */

const LOG2E: f32 = 1.44269504;
// ln 2 in two parts: the first has 9 bits, so n * LN2_HIGH is exact.
const LN2_HIGH: f32 = 0.693359375;
const LN2_LOW: f32 = -2.12194440e-4;

/** expm1(r) for |r| <= 0.347. */
function expm1Small(r: v128): v128 {
  let p = f32x4.splat(1.0 / 5040.0);
  p = f32x4.relaxed_madd(p, r, f32x4.splat(1.0 / 720.0));
  p = f32x4.relaxed_madd(p, r, f32x4.splat(1.0 / 120.0));
  p = f32x4.relaxed_madd(p, r, f32x4.splat(1.0 / 24.0));
  p = f32x4.relaxed_madd(p, r, f32x4.splat(1.0 / 6.0));
  p = f32x4.relaxed_madd(p, r, f32x4.splat(0.5));
  p = f32x4.relaxed_madd(p, r, f32x4.splat(1));
  return f32x4.mul(p, r);
}

/** 2^n for whole n in [-126, 127]. */
function power2(n: v128): v128 {
  return i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
}

/** e^x: 0 below -87.3, no more than e^88.37 above; NaN stays NaN. */
export function exp(x: v128): v128 {
  const small = f32x4.lt(x, f32x4.splat(-87.3));
  x = f32x4.pmin(x, f32x4.splat(88.37)); // pmin, unlike min, is one instruction, and lets a NaN in x through
  const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(LOG2E)));
  const high = f32x4.relaxed_madd(n, f32x4.splat(-LN2_HIGH), x);
  const p = expm1Small(f32x4.relaxed_madd(n, f32x4.splat(-LN2_LOW), high));
  const s = power2(n);
  return v128.andnot(f32x4.relaxed_madd(s, p, s), small);
}

/** tanh x = e / (e + 2), e = expm1(2|x|), with x's sign. */
export function tanh(x: v128): v128 {
  const sign = v128.and(x, i32x4.splat(0x80000000));
  const a = f32x4.pmin(f32x4.abs(x), f32x4.splat(9.1)); // beyond, tanh is 1 in float32
  const y = f32x4.add(a, a);
  const n = f32x4.nearest(f32x4.mul(y, f32x4.splat(LOG2E)));
  const high = f32x4.relaxed_madd(n, f32x4.splat(-LN2_HIGH), y);
  const p = expm1Small(f32x4.relaxed_madd(n, f32x4.splat(-LN2_LOW), high));
  const s = power2(n);
  const e = f32x4.relaxed_madd(s, p, f32x4.sub(s, f32x4.splat(1)));
  return v128.or(f32x4.div(e, f32x4.add(e, f32x4.splat(2))), sign);
}

/** Natural logarithm of x > 0 by 2 atanh((m - 1) / (m + 1)), m in [0.7, 1.42]; relative error below 1e-15. */
export function log(x: f64): f64 {
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

/** base^x for base in [0, 1) and x > 0, so that 1 - base^x is good to 1e-13 of itself even for base 0.999, x 1. */
export function power(base: f64, x: f64): f64 {
  const y = x * log(base);
  if (y < -700) return 0;
  const n = nearest(y * 1.4426950408889634);
  const r = y - n * 0.6931471805599453;
  let sum: f64 = 1;
  for (let k: i32 = 14; k > 0; k--) sum = 1 + sum * r / <f64> k; // Taylor; |r| <= 0.347: cut-off below 1e-17
  return sum * reinterpret<f64>((<i64> n + 1023) << 52);
}
