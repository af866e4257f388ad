/**
 * Dropout: a fraction of the elements becomes 0, and the others are scaled up so that the mean stays the
 * same. The mask is never stored; gradients pass through the same op with the same random numbers. Source:
 * Srivastava et al. 2014, with the scaling during training (inverted dropout).
 *
 * @module
 */
import { flat } from "../../core/wgsl.ts";
import type { Call, Op, Tensor } from "../../core/graph.ts";
import { define } from "../../core/op.ts";
import { ShapeError, sizeOf, type Spec } from "../../core/tensor.ts";
import { type Dropout, dropoutConstants, expectRandomness, maskFunctions, maskOf } from "./dropout_mask.ts";
import { expectF32 } from "../specs.ts";

/** Attributes of the dropout ops. */
export interface DropoutAttrs {
  /** Fraction of elements to drop, above 0 and below 1. */
  readonly rate: number;
}

/**
 * Sets a random fraction `rate` of the elements of `x`, of any shape, to 0 and divides the others by
 * `1 - rate`. `key` and `draw` determine which elements are dropped. For rate 0 it returns `x` itself. Throws
 * ShapeError unless `x` is f32, `key` is u32 [2] and `draw` is u32 [1], and RangeError for a rate outside [0,
 * 1).
 */
export function dropout(x: Tensor, { rate, key, draw }: Dropout): Tensor {
  return rate === 0 ? x : callDropout([x, key, draw], { rate })[0];
}

/**
 * Returns `residual + dropout(x)`, where `residual` has the shape of `x`. Throws the same errors as
 * `dropout()`, and ShapeError if the shapes differ.
 */
export function dropoutAdd(x: Tensor, options: Dropout & { readonly residual: Tensor }): Tensor {
  const { rate, key, draw, residual } = options;
  return callDropoutAdd([x, key, draw, residual], { rate })[0];
}

/** `x, key, draw → y`. */
export const dropoutOp: Op<DropoutAttrs> = {
  ...common("dropout", "value"),
  vjp: (call, [g]) => [g === null ? null : inputGradient(call, g), null, null],
  reference: (inputs, call) => [dropped(inputs, call.attrs)],
  cases: cases([]),
};

/** `x, key, draw, residual → y`. */
export const dropoutAddOp: Op<DropoutAttrs> = {
  ...common("dropout_add", "in3[at] + value"),
  vjp: (call, [g]) => [g === null ? null : inputGradient(call, g), null, null, g],
  reference: (inputs, call) => [dropped(inputs, call.attrs).map((y, i) => y + inputs[3][i])],
  cases: cases(["residual"]),
};

const callDropout = define(dropoutOp);
const callDropoutAdd = define(dropoutAddOp);

/**
 * Returns the parts of the definition that both ops share. Each invocation computes four elements, because
 * Philox returns four words at a time.
 */
function common(
  name: string,
  result: string,
): Pick<Op<DropoutAttrs>, "name" | "infer" | "wgsl" | "wasm" | "flops"> {
  return {
    name,
    infer: ([x, key, draw, residual = x], { rate }) => {
      dropoutConstants(rate);
      expectF32(name, { x, residual });
      expectRandomness(name, { key, draw });
      expectShape(name, { x, residual });
      return [{ shape: x.shape, dtype: "f32" }];
    },
    wgsl: (call) => {
      const n = sizeOf(call.inputs[0].shape), { threshold, scale } = dropoutConstants(call.attrs.rate);
      const fours = n % 4 === 0; // one load of four numbers instead of four loads that lie apart
      const kernel = fours
        ? flat(
          call,
          `let at = i;
  let words = dropout_words(i, 0u);
  let value = select(vec4f(), in0[at] * f32(${scale}), words >= vec4u(${threshold}u));
  out0[at] = ${result};`,
          { count: n / 4, types: { in0: "vec4f", in3: "vec4f", out0: "vec4f" } },
        )
        : flat(
          call,
          `let words = dropout_words(i, 0u);
  for (var c = 0u; c < 4u; c++) {
    let at = 4u * i + c;
    if (at < ${n}u) {
      let value = select(0.0, in0[at] * f32(${scale}), words[c] >= ${threshold}u);
      out0[at] = ${result};
    }
  }`,
          { count: Math.ceil(n / 4) },
        );
      return { ...kernel, code: `${maskFunctions({ key: "in1", draw: "in2" })}\n${kernel.code}` };
    },
    wasm: (call) => {
      const { threshold, scale } = dropoutConstants(call.attrs.rate);
      return [sizeOf(call.inputs[0].shape), threshold, scale];
    },
    flops: (call) => call.inputs.length > 3 ? 2 * sizeOf(call.inputs[0].shape) : sizeOf(call.inputs[0].shape),
  };
}

function expectShape(op: string, { x, residual }: { readonly x: Spec; readonly residual: Spec }): void {
  if (String(residual.shape) === String(x.shape)) return;
  throw new ShapeError(
    `Cannot call ${op}: residual is [${residual.shape}], x is [${x.shape}]: they must be equal`,
  );
}

/** Returns the gradient of `x`, which is dropout of `g` with the same mask. */
function inputGradient({ inputs: [, key, draw], attrs }: Call<DropoutAttrs>, g: Tensor): Tensor {
  return callDropout([g, key, draw], attrs)[0];
}

/** Dropout in float64. The mask has rows of four: element `i` is column `i mod 4` of row `⌊i / 4⌋`. */
function dropped([x, key, draw]: readonly Float64Array[], { rate }: DropoutAttrs): Float64Array {
  const mask = maskOf(rate, { key, draw });
  return x.map((value, i) => value * mask(Math.floor(i / 4), i % 4));
}

function cases(more: readonly "residual"[]): Op<DropoutAttrs>["cases"] {
  const word = { below: 2 ** 32 } as const;
  const sizes = [[[], 0.5], [[3, 5], 0.1], [[2, 131], 0.9], [[7, 96], 0.2], [[4096, 768], 0.1]] as const;
  return sizes.map(([shape, rate], i) => ({
    inputs: [shape, [2], [1], ...more.map(() => shape)],
    attrs: { rate },
    fill: ["normal", word, word, ...more.map(() => "normal" as const)],
    ...(i === sizes.length - 1 ? { bench: true } : {}),
  }));
}
