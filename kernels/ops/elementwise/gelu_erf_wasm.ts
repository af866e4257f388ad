// @ts-nocheck: AssemblyScript, see build.ts
/**
 * GELU by the normal distribution function, on vectors of four floats, with the constants of
 * kernels/ops/elementwise/gelu_erf.ts.
 *
 * @module
 */
import { exp } from "../../wasm/math.ts";
import { madd } from "../../wasm/madd.ts";

// These constants are loaded from memory, for the reason given in kernels/wasm/math.ts.
const ONE = memory.data<f32>([1], 4);
const MOST = memory.data<f32>([12.9], 4); // beyond this, the tail is 0 in float32
const MINUS_HALF = memory.data<f32>([-0.5], 4);
const RATE = memory.data<f32>([0.34], 4);
const DENSITY = memory.data<f32>([0.3989422804], 4); // `1 / sqrt(2 pi)`
const C0 = memory.data<f32>([0.135618094], 4);
const C1 = memory.data<f32>([0.136156182], 4);
const C2 = memory.data<f32>([0.11486336], 4);
const C3 = memory.data<f32>([0.116743101], 4);
const C4 = memory.data<f32>([-0.048140421], 4);
const C5 = memory.data<f32>([0.207373274], 4);
const C6 = memory.data<f32>([-0.277864584], 4);
const C7 = memory.data<f32>([0.141877323], 4);
const C8 = memory.data<f32>([-0.0266263185], 4);

/** Returns `x` times the normal distribution function at `x`. */
export function geluErf(x: v128): v128 {
  const a = f32x4.pmin(f32x4.abs(x), v128.load32_splat(MOST));
  return f32x4.mul(x, below(x, a, bell(a)));
}

/** Returns `(distribution + x * density) * dy`. */
export function geluErfGradient(x: v128, dy: v128): v128 {
  const a = f32x4.pmin(f32x4.abs(x), v128.load32_splat(MOST)), e = bell(a);
  return f32x4.mul(madd(f32x4.mul(x, e), v128.load32_splat(DENSITY), below(x, a, e)), dy);
}

/** `e^(-a^2 / 2)`. */
function bell(a: v128): v128 {
  return exp(f32x4.mul(f32x4.mul(a, v128.load32_splat(MINUS_HALF)), a));
}

/** Returns the normal distribution function at `x`, given `a = |x|` and `e = bell(a)`. */
function below(x: v128, a: v128, e: v128): v128 {
  const one = v128.load32_splat(ONE);
  const t = f32x4.div(one, madd(a, v128.load32_splat(RATE), one));
  let p = madd(v128.load32_splat(C8), t, v128.load32_splat(C7));
  p = madd(p, t, v128.load32_splat(C6));
  p = madd(p, t, v128.load32_splat(C5));
  p = madd(p, t, v128.load32_splat(C4));
  p = madd(p, t, v128.load32_splat(C3));
  p = madd(p, t, v128.load32_splat(C2));
  p = madd(p, t, v128.load32_splat(C1));
  p = madd(p, t, v128.load32_splat(C0));
  const tail = f32x4.mul(f32x4.mul(e, t), p);
  return v128.bitselect(tail, f32x4.sub(one, tail), f32x4.lt(x, f32x4.splat(0)));
}
