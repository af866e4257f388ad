// @ts-nocheck: AssemblyScript, see build.ts
/**
 * Runs of floats set to one value.
 *
 * @module
 */

/** n floats at y become `value`. */
export function fillRun(y: usize, n: usize, value: f32): void {
  const end = y + (n << 2), v = f32x4.splat(value);
  for (; y + 16 <= end; y += 16) v128.store(y, v);
  for (; y < end; y += 4) store<f32>(y, value);
}
