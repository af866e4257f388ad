/**
 * The square of the rectified linear unit, the activation of nanochat and of modded-nanogpt.
 * Source: So et al. 2021, "Primer".
 *
 * @module
 */
import { type Elementwise, elementwise } from "./elementwise.ts";

/**
 * Computes `max(x, 0)²` for a tensor `x` of any shape. NaN stays NaN, so that it shows in the loss.
 */
export const reluSquared: Elementwise = elementwise({
  name: "relu_squared",
  reference: (x) => Math.max(x, 0) ** 2,
  // The bits from -0 to -Infinity, as in `relu`, which keeps NaN.
  wgsl: "select(x * x, 0.0, bitcast<u32>(x) - 0x80000000u <= 0x7f800000u)",
  wasm: {
    value: "square(f32x4.pmax(x, f32x4.splat(0)))",
    gradient: "f32x4.mul(dy, f32x4.mul(f32x4.splat(2), f32x4.pmax(x, f32x4.splat(0))))",
  },
  derivative: {
    reference: (x) => 2 * Math.max(x, 0),
    wgsl: "select(2.0 * x, 0.0, bitcast<u32>(x) - 0x80000000u <= 0x7f800000u)",
  },
  flops: 2,
});
