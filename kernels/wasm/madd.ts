// @ts-nocheck: AssemblyScript, see build.ts
/**
 * The one instruction that not every WASM engine has: relaxed multiply-add, with one rounding where the
 * processor can.
 *
 * @module
 */

/** a b + c. */
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c); // decided by build.ts: one branch is compiled
  return f32x4.add(f32x4.mul(a, b), c);
}
