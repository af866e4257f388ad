// @ts-nocheck: AssemblyScript, see build.ts
/**
 * Functions that load or store less than a whole vector, and functions that reduce lanes or arrays to one
 * number. The last one to three elements of an array go through the same vector code as the others, so the
 * bits of a result do not depend on how the work is divided among threads.
 *
 * @module
 */
import { madd } from "./madd.ts";

/** Loads `count` (1 … 3) floats at `p`; the other lanes are set to `rest`. */
export function loadPart(p: usize, count: usize, rest: f32): v128 {
  let v = f32x4.splat(rest);
  if (count > 2) v = f32x4.replace_lane(v, 2, load<f32>(p, 8));
  if (count > 1) v = f32x4.replace_lane(v, 1, load<f32>(p, 4));
  return f32x4.replace_lane(v, 0, load<f32>(p));
}

/** Stores the first `count` (1 … 3) floats of `v` at `p`. */
export function storePart(p: usize, v: v128, count: usize): void {
  store<f32>(p, f32x4.extract_lane(v, 0));
  if (count > 1) store<f32>(p, f32x4.extract_lane(v, 1), 4);
  if (count > 2) store<f32>(p, f32x4.extract_lane(v, 2), 8);
}

/** Returns the sum of the four lanes, in float64. */
export function lanes(v: v128): f64 {
  return (<f64> f32x4.extract_lane(v, 0) + <f64> f32x4.extract_lane(v, 1)) +
    (<f64> f32x4.extract_lane(v, 2) + <f64> f32x4.extract_lane(v, 3));
}

/** Largest of the four lanes. */
export function largest(v: v128): f32 {
  return max(
    max(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1)),
    max(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3)),
  );
}

/**
 * Returns the sum of `n` floats at `x`. Each block of 512 floats is summed in float32; the sums of the blocks
 * are added in float64.
 */
export function sumRun(x: usize, n: usize): f64 {
  let total: f64 = 0;
  const end = x + (n << 2);
  while (x + 64 <= end) {
    const stop = min(x + 2048, x + ((end - x) & ~63));
    let a = f32x4.splat(0), b = a, c = a, d = a;
    for (; x < stop; x += 64) {
      a = f32x4.add(a, v128.load(x));
      b = f32x4.add(b, v128.load(x, 16));
      c = f32x4.add(c, v128.load(x, 32));
      d = f32x4.add(d, v128.load(x, 48));
    }
    total += lanes(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)));
  }
  for (; x < end; x += 4) total += <f64> load<f32>(x);
  return total;
}

/**
 * Returns the dot product of the `n` floats at `x` and the `n` floats at `y`, summed in blocks as in
 * `sumRun`.
 */
export function dotRun(x: usize, y: usize, n: usize): f64 {
  let total: f64 = 0;
  const end = x + (n << 2);
  while (x + 32 <= end) {
    const stop = min(x + 2048, x + ((end - x) & ~31));
    let a = f32x4.splat(0), b = a;
    for (; x < stop; x += 32, y += 32) {
      a = madd(v128.load(x), v128.load(y), a);
      b = madd(v128.load(x, 16), v128.load(y, 16), b);
    }
    total += lanes(f32x4.add(a, b));
  }
  for (; x < end; x += 4, y += 4) total += <f64> load<f32>(x) * <f64> load<f32>(y);
  return total;
}
