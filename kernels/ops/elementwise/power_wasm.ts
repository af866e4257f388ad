// @ts-nocheck: AssemblyScript, see build.ts
/**
 * Powers with exponents that are multiples of 1/2, on vectors of four floats.
 *
 * @module
 */

/** Returns `x^(halves / 2)` for a whole number `halves`. */
export function halfPower(x: v128, halves: i32): v128 {
  const whole = abs(halves) >> 1;
  let p = f32x4.splat(1);
  for (let k = 0; k < whole; k++) p = f32x4.mul(p, x);
  if ((halves & 1) != 0) p = f32x4.mul(p, f32x4.sqrt(x));
  return halves < 0 ? f32x4.div(f32x4.splat(1), p) : p;
}
