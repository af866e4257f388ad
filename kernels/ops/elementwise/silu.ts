/**
 * The sigmoid linear unit (SiLU, also called swish), the activation of Llama's MLPs.
 * Source: Hendrycks and Gimpel 2016; Shazeer 2020, "GLU variants improve Transformer".
 *
 * @module
 */
import { type Elementwise, elementwise } from "./elementwise.ts";

/** WGSL function `logistic(x)`: `1 / (1 + e^-x)`, without overflow for any x. */
export const siluFunctions: string = `fn logistic(x: f32) -> f32 {
  let e = exp(-min(abs(x), 80.0));
  return select(e, 1.0, x >= 0.0) / (1.0 + e);
}`;

/** Computes `x / (1 + e^-x)` for a tensor `x` of any shape. */
export const silu: Elementwise = elementwise({
  name: "silu",
  reference: (x) => x * logistic(x),
  wgsl: "x * logistic(x)",
  wasm: { value: "silu(x)", gradient: "siluGradient(x, dy)" },
  derivative: {
    reference: (x) => logistic(x) * (1 + x * (1 - logistic(x))),
    wgsl: "logistic(x) * (1.0 + x * logistic(-x))",
  },
  functions: siluFunctions,
  flops: 6,
});

function logistic(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
