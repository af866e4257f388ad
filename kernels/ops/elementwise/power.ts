/**
 * Powers whose exponents are multiples of 1/2: squares, roots and their reciprocals.
 *
 * @module
 */
import { flat } from "../../core/wgsl.ts";
import { define } from "../../core/op.ts";
import type { Op, Tensor } from "../../core/graph.ts";
import { sizeOf } from "../../core/tensor.ts";
import { mul } from "./arith.ts";
import { scale } from "./scale.ts";
import { expectF32 } from "../specs.ts";

/** Attributes of `power`. */
export interface PowerAttrs {
  /** A multiple of 1/2 from -8 to 8, but not 0. */
  readonly exponent: number;
}

/**
 * Computes `x^exponent` for a tensor `x` of any shape. The exponent is a multiple of 1/2 from -8 to 8, but
 * not 0, so that no logarithm is needed. `x` may be negative if the exponent is a whole number. Throws
 * RangeError for another exponent.
 */
export function power(x: Tensor, exponent: number): Tensor {
  return callPower([x], { exponent })[0];
}

/** Computes the square root of a tensor of any shape. */
export function sqrt(x: Tensor): Tensor {
  return power(x, 0.5);
}

/** Computes `1 / sqrt(x)` for a tensor `x` of any shape. */
export function rsqrt(x: Tensor): Tensor {
  return power(x, -0.5);
}

/** `x^exponent`. */
export const powerOp: Op<PowerAttrs> = {
  name: "power",
  infer: ([x], { exponent }) => {
    expectF32("power", { x });
    if (!Number.isInteger(2 * exponent) || Math.abs(exponent) > 8 || exponent === 0) {
      throw new RangeError(
        `Cannot take power ${exponent}: wanted a multiple of 0.5 from -8 to 8, but not 0`,
      );
    }
    return [{ shape: x.shape, dtype: "f32" }];
  },
  vjp: (call, [g]) => {
    if (g === null) return [null];
    const [x] = call.inputs, { exponent } = call.attrs;
    return [exponent === 1 ? g : mul(g, scale(power(x, exponent - 1), exponent))];
  },
  reference: ([x], call) => [x.map((v) => v ** call.attrs.exponent)],
  wgsl: (call) => {
    const { exponent } = call.attrs, whole = Math.floor(Math.abs(exponent));
    const factors = [...Array<string>(whole).fill("x"), ...(whole === Math.abs(exponent) ? [] : ["sqrt(x)"])];
    const product = factors.join(" * ");
    return flat(call, `let x = in0[i];\n  out0[i] = ${exponent < 0 ? `1.0 / (${product})` : product};`);
  },
  wasmFormula: { inputs: ["x"], constants: ["halves"], expression: "halfPower(x, <i32> halves)" },
  wasm: (call) => [sizeOf(call.outputs[0].shape), 2 * call.attrs.exponent],
  flops: (call) => Math.ceil(Math.abs(call.attrs.exponent)) * sizeOf(call.outputs[0].shape),
  cases: [
    { inputs: [[3, 5]], attrs: { exponent: 2 } },
    { inputs: [[131]], attrs: { exponent: 3 } },
    { inputs: [[2]], attrs: { exponent: 1 } },
    { inputs: [[7, 3]], attrs: { exponent: 0.5 }, fill: ["positive"] },
    { inputs: [[70]], attrs: { exponent: -0.5 }, fill: ["positive"] },
    { inputs: [[70]], attrs: { exponent: -1 }, fill: ["positive"] },
    { inputs: [[9]], attrs: { exponent: -1.5 }, fill: ["positive"] },
    { inputs: [[4096, 768]], attrs: { exponent: -0.5 }, fill: ["positive"], bench: true },
  ],
};

const callPower = define(powerOp);
