/**
 * The exponential function, the natural logarithm and the logistic function.
 *
 * @module
 */
import { nanFunctions } from "../../core/wgsl.ts";
import { type Elementwise, elementwise } from "./elementwise.ts";

/** Computes `e^x` for a tensor `x` of any shape. The largest result in float32 is about `e^88`. */
export const exp: Elementwise = elementwise({
  name: "exp",
  reference: Math.exp,
  wgsl: "orNan(exp(x), x)",
  wasm: { value: "exp(x)", gradient: "f32x4.mul(exp(x), dy)" },
  derivative: { reference: Math.exp, wgsl: "orNan(exp(x), x)" },
  functions: nanFunctions,
  flops: 10,
});

/** Computes the natural logarithm of `x > 0` for a tensor `x` of any shape. */
export const log: Elementwise = elementwise({
  name: "log",
  reference: Math.log,
  wgsl: "orNan(log(x), x)",
  wasm: { value: "log(x)", gradient: "f32x4.div(dy, x)" },
  derivative: { reference: (x) => 1 / x, wgsl: "1.0 / x" },
  functions: nanFunctions,
  flops: 10,
  fill: "positive",
});

/** Computes `1 / (1 + e^-x)` for a tensor `x` of any shape. */
export const sigmoid: Elementwise = elementwise({
  name: "sigmoid",
  reference: logistic,
  wgsl: "logistic(x)",
  wasm: {
    value: "logistic(x)",
    gradient: "f32x4.mul(f32x4.mul(logistic(x), logistic(f32x4.neg(x))), dy)",
  },
  derivative: { reference: (x) => logistic(x) * logistic(-x), wgsl: "logistic(x) * logistic(-x)" },
  // Below -80, the result is almost 0 and the exponential would overflow.
  functions: `${nanFunctions}
fn logistic(x: f32) -> f32 { return orNan(1.0 / (1.0 + exp(-max(x, -80.0))), x); }`,
  flops: 12,
});

function logistic(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
