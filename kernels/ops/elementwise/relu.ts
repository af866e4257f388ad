/**
 * The rectified linear unit.
 *
 * @module
 */
import { type Elementwise, elementwise } from "./elementwise.ts";

/**
 * Computes `max(x, 0)` for a tensor `x` of any shape. The derivative at 0 is 0, as in PyTorch. NaN stays NaN,
 * so that it shows in the loss.
 */
export const relu: Elementwise = elementwise({
  name: "relu",
  reference: (x) => Math.max(x, 0),
  // The bits from -0 to -Infinity become 0. With `max(x, 0.0)` or `x <= 0.0`, NaN could become 0 as well.
  wgsl: "select(x, 0.0, bitcast<u32>(x) - 0x80000000u <= 0x7f800000u)",
  wasm: { value: "f32x4.pmax(x, f32x4.splat(0))", gradient: "v128.and(dy, f32x4.gt(x, f32x4.splat(0)))" },
  derivative: { reference: (x) => (x > 0 ? 1 : 0), wgsl: "select(0.0, 1.0, x > 0.0)" },
});
