// @ts-nocheck: AssemblyScript, see build.ts
/**
 * GELU in its tanh form, on vectors of four floats, computed with the logistic function:
 * `(1 + tanh u) / 2 = 1 / (1 + e^-2u)`, where `u = sqrt(2 / pi) (x + 0.044715 x^3)`.
 *
 * @module
 */
import { exp } from "../../wasm/math.ts";
import { madd } from "../../wasm/madd.ts";

// These constants are loaded from memory, for the reason given in kernels/wasm/math.ts.
const ONE = memory.data<f32>([1], 4);
const TWICE = memory.data<f32>([2 * 0.7978845608], 4);
const MINUS_TWICE = memory.data<f32>([-2 * 0.7978845608], 4);
const MINUS_TWICE_CUBIC = memory.data<f32>([-2 * 0.7978845608 * 0.044715], 4);
const SIX_CUBIC = memory.data<f32>([6 * 0.7978845608 * 0.044715], 4);

/** `e^-2u`. */
function decay(x: v128, square: v128): v128 {
  const inner = madd(
    square,
    v128.load32_splat(MINUS_TWICE_CUBIC),
    v128.load32_splat(MINUS_TWICE),
  );
  return exp(f32x4.mul(x, inner));
}

/** GELU of `x`. */
export function gelu(x: v128): v128 {
  return f32x4.div(x, f32x4.add(v128.load32_splat(ONE), decay(x, f32x4.mul(x, x))));
}

/** Returns `(s + x s (1 - s) 2u') * dy` with `e = e^-2u`, `s = 1 / (1 + e)` and `1 - s = e s`. */
export function geluGradient(x: v128, dy: v128): v128 {
  const one = v128.load32_splat(ONE), square = f32x4.mul(x, x), e = decay(x, square);
  const s = f32x4.div(one, f32x4.add(one, e));
  const twice = madd(square, v128.load32_splat(SIX_CUBIC), v128.load32_splat(TWICE));
  const inner = f32x4.mul(f32x4.mul(x, twice), f32x4.mul(e, s));
  return f32x4.mul(madd(inner, s, s), dy);
}
