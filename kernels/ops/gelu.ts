/**
 * The Gaussian error linear unit in its tanh form, as GPT-2 has it.
 * Source: Hendrycks and Gimpel 2016.
 *
 * @module
 */
import { type Elementwise, elementwise } from "./elementwise.ts";

const ROOT = Math.sqrt(2 / Math.PI);
const CUBIC = 0.044715; // Hendrycks and Gimpel's fit

/** 0.5·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))), any shape; PyTorch's `approximate="tanh"`. */
export const gelu: Elementwise = elementwise({
  name: "gelu",
  reference: (x) => 0.5 * x * (1 + gate(x)),
  wgsl: "0.5 * x * (1.0 + gelu_gate(x))",
  slope: {
    reference: (x) => {
      const t = gate(x);
      return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * ROOT * (1 + 3 * CUBIC * x * x);
    },
    wgsl: "gelu_slope(x)",
  },
  // The clamp: beyond 10 tanh is 1 in f32, and some drivers overflow there.
  functions: `fn gelu_gate(x: f32) -> f32 {
  return tanh(clamp(${ROOT} * (x + ${CUBIC} * x * x * x), -10.0, 10.0));
}
fn gelu_slope(x: f32) -> f32 {
  let t = gelu_gate(x);
  return 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * ${ROOT} * (1.0 + ${3 * CUBIC} * x * x);
}`,
  flops: 15,
});

function gate(x: number): number {
  return Math.tanh(ROOT * (x + CUBIC * x ** 3));
}
