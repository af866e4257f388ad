/**
 * The Gaussian error linear unit (GELU) by its definition `x·Φ(x)`, where Φ is the normal distribution
 * function. This form is the default in PyTorch and nanoGPT. Source: Hendrycks and Gimpel 2016.
 *
 * @module
 */
import { type Elementwise, elementwise } from "./elementwise.ts";

const DENSITY = 1 / Math.sqrt(2 * Math.PI);

/**
 * Coefficients of `Φ(-a)·e^(a²/2) ≈ t·(C0 + C1·t + … + C8·t⁸)` with `t = 1 / (1 + RATE·a)`, fitted to 40
 * digits of Φ by weighted least squares. The relative error is below 2.3e-8 for `a` from 0 to 13, so Φ is
 * accurate even where its values are tiny.
 */
const RATE = 0.34;
const FIT = [
  0.135618094,
  0.136156182,
  0.11486336,
  0.116743101,
  -0.048140421,
  0.207373274,
  -0.277864584,
  0.141877323,
  -0.0266263185,
];

/**
 * WGSL function `normal_below(x)`, which returns Φ(x) and its derivative. |x| is limited to 12.9: beyond it,
 * Φ(-|x|) is too small for a normal float32.
 */
const functions = `fn normal_below(x: f32) -> vec2f {
  let a = min(abs(x), 12.9);
  let bell = exp(-0.5 * a * a);
  let t = 1.0 / (1.0 + ${RATE} * a);
  let tail = bell * t * (${FIT.slice(0, -1).map((c) => `${c} + t * (`).join("")}${FIT.at(-1)}${
  ")".repeat(FIT.length)
};
  return vec2f(select(1.0 - tail, tail, x < 0.0), bell * ${DENSITY});
}`;

/** Computes `x·Φ(x)` for a tensor `x` of any shape: PyTorch's `approximate="none"`. */
export const geluErf: Elementwise = elementwise({
  name: "gelu_erf",
  reference: (x) => x * normalBelow(x),
  wgsl: "x * normal_below(x).x",
  wasm: { value: "geluErf(x)", gradient: "geluErfGradient(x, dy)" },
  derivative: {
    reference: (x) => normalBelow(x) + x * density(x),
    wgsl: "dot(normal_below(x), vec2f(1.0, x))",
  },
  functions,
  flops: 30,
});

function density(x: number): number {
  return DENSITY * Math.exp(-x * x / 2);
}

/**
 * Computes Φ(x) to float64 precision, by a series for `|x| < 3` (Marsaglia 2004) and else by Laplace's
 * continued fraction.
 */
function normalBelow(x: number): number {
  if (Math.abs(x) < 3) {
    let term = x, sum = x;
    for (let k = 3; Math.abs(term) > 1e-17 * Math.abs(sum); k += 2) sum += term *= x * x / k;
    return 0.5 + density(x) * sum;
  }
  const a = Math.abs(x);
  let fraction = a;
  for (let k = 60; k > 0; k--) fraction = a + k / fraction;
  const tail = density(x) / fraction;
  return x < 0 ? tail : 1 - tail;
}
