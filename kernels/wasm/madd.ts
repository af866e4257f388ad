// @ts-nocheck: AssemblyScript, see build.ts
/**
 * Multiply-add, the only instruction of the kernels that not every WASM engine has. Relaxed SIMD rounds once
 * if the processor has fused multiply-add, otherwise twice.
 *
 * @module
 */

/** `a * b + c`. */
export function madd(a: v128, b: v128, c: v128): v128 {
  // A constant of the build: only one of the two branches is compiled.
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}
