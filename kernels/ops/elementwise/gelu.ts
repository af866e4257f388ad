/**
 * The Gaussian error linear unit (GELU) in the tanh form that GPT-2 uses.
 * Source: Hendrycks and Gimpel 2016.
 *
 * @module
 */
import { type Elementwise, elementwise } from "./elementwise.ts";

const ROOT = Math.sqrt(2 / Math.PI);
const CUBIC = 0.044715; // fitted by Hendrycks and Gimpel

/**
 * WGSL functions `gelu_gate(x)` and `gelu_derivative(x)`. The gate is `0.5·(1 + tanh u)`, the factor that
 * GELU multiplies `x` by; `gelu_gate` returns the gate and the derivative of the gate with respect to 2u.
 *
 * The gate is the logistic function of 2u. It is computed from `e = exp(-2|u|)`, which is a normal float32 if
 * |u| is at most 40. This avoids overflow, and it avoids cancellation, which a large x would magnify.
 */
export const geluFunctions: string = `fn gelu_gate(x: f32) -> vec2f {
  let u = ${ROOT} * (x + ${CUBIC} * x * x * x);
  let e = exp(-2.0 * min(abs(u), 40.0));
  let s = 1.0 / (1.0 + e);
  return vec2f(select(e * s, s, u >= 0.0), e * s * s);
}
fn gelu_derivative(x: f32) -> f32 {
  let gate = gelu_gate(x);
  return gate.x + 2.0 * x * gate.y * ${ROOT} * (1.0 + ${3 * CUBIC} * x * x);
}`;

/** WGSL function `gelu(x)` on `number`, an alias that the kernel declares for f32 or a vector of f32. */
export const geluOfNumber: string = `fn gelu(x: number) -> number {
  let u = ${ROOT} * (x + ${CUBIC} * x * x * x);
  let e = exp(-2.0 * min(abs(u), number(40.0)));
  let s = 1.0 / (1.0 + e);
  return x * select(e * s, s, u >= number());
}`;

/**
 * Computes `0.5·x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))` for a tensor `x` of any shape: PyTorch's
 * `approximate="tanh"`.
 */
export const gelu: Elementwise = elementwise({
  name: "gelu",
  reference: (x) => 0.5 * x * (1 + gate(x)),
  wgsl: "x * gelu_gate(x).x",
  wasm: { value: "gelu(x)", gradient: "geluGradient(x, dy)" },
  derivative: {
    reference: (x) => {
      const t = gate(x);
      return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * ROOT * (1 + 3 * CUBIC * x * x);
    },
    wgsl: "gelu_derivative(x)",
  },
  functions: geluFunctions,
  flops: 15,
});

function gate(x: number): number {
  return Math.tanh(ROOT * (x + CUBIC * x ** 3));
}
