/**
 * The hyperbolic tangent.
 *
 * @module
 */
import { nanFunctions } from "../../core/wgsl.ts";
import { type Elementwise, elementwise } from "./elementwise.ts";

/** Computes `tanh(x)` for a tensor `x` of any shape. */
export const tanh: Elementwise = elementwise({
  name: "tanh",
  reference: Math.tanh,
  wgsl: "bounded_tanh(x)",
  wasm: {
    value: "tanh(x)",
    gradient: "f32x4.mul(f32x4.sub(f32x4.splat(1), square(tanh(x))), dy)",
  },
  derivative: {
    reference: (x) => 1 - Math.tanh(x) ** 2,
    wgsl: "1.0 - bounded_tanh(x) * bounded_tanh(x)",
  },
  // Above 10, tanh is 1 in f32; some drivers compute it as a quotient of exponentials, which would overflow.
  functions: `${nanFunctions}
fn bounded_tanh(x: f32) -> f32 { return orNan(tanh(clamp(x, -10.0, 10.0)), x); }`,
  flops: 10,
});
