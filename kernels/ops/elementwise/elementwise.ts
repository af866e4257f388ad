/**
 * Elementwise ops of one input, each made from a formula and its derivative.
 *
 * @module
 */
import { flat } from "../../core/wgsl.ts";
import type { Case, InputFill } from "../../core/case.ts";
import { define } from "../../core/op.ts";
import type { Op, Tensor } from "../../core/graph.ts";
import { ShapeError, sizeOf } from "../../core/tensor.ts";
import { expectF32 } from "../specs.ts";

/** A function of one number. */
export interface Formula {
  /** Computes the function in float64. */
  reference(x: number): number;
  /** WGSL expression for the result; it uses `x`, an f32. */
  readonly wgsl: string;
}

/** Definition of an elementwise op. The inherited formula computes the op's result. */
export interface ElementwiseDefinition extends Formula {
  /** Name of the forward op; the backward op is named `name_grad`. */
  readonly name: string;
  /** The derivative, as a function of `x`. */
  readonly derivative: Formula;
  /** AssemblyScript expressions for the WASM kernels; `x` and `dy` are vectors of four floats. */
  readonly wasm: {
    /** The result, an expression of `x`. */
    readonly value: string;
    /** The gradient with respect to `x`, an expression of `x` and the result's gradient `dy`. */
    readonly gradient: string;
  };
  /** Declarations of WGSL functions that the two WGSL expressions call. */
  readonly functions?: string;
  /** Floating-point operations per element; default 1. */
  readonly flops?: number;
  /** How tests fill the input; default: with normally distributed numbers. */
  readonly fill?: InputFill;
}

/** A function that applies an elementwise op to a tensor, with its forward and backward ops. */
export interface Elementwise {
  (x: Tensor): Tensor;
  /** The forward op, `x` → `y`. */
  readonly op: Op<null>;
  /** The backward op, `(x, dy) → dx`, where `dx = derivative(x) · dy`. */
  readonly gradOp: Op<null>;
}

/**
 * Makes an elementwise op and its backward op; `x` is f32 and has any shape.
 *
 * @example
 * ```ts
 * import { type Elementwise, elementwise } from "./elementwise.ts";
 * const square: Elementwise = elementwise({
 *   name: "square",
 *   reference: (x) => x * x,
 *   wgsl: "x * x",
 *   wasm: { value: "f32x4.mul(x, x)", gradient: "f32x4.mul(dy, f32x4.add(x, x))" },
 *   derivative: { reference: (x) => 2 * x, wgsl: "2.0 * x" },
 * });
 * ```
 */
export function elementwise(definition: ElementwiseDefinition): Elementwise {
  const { name, derivative, wasm, functions = "", flops = 1, fill = "normal" } = definition;
  const filled = (c: Case<null>): Case<null> => ({
    ...c,
    fill: c.inputs.map((_, i) => i === 0 ? fill : "normal"),
  });
  const gradOp: Op<null> = {
    name: `${name}_grad`,
    infer: ([x, dy]) => {
      expectF32(`${name}_grad`, { x, dy });
      if (sizeOf(x.shape) !== sizeOf(dy.shape)) {
        throw new ShapeError(
          `Cannot call ${name}_grad: x is [${x.shape}], dy is [${dy.shape}]: they must have equal sizes`,
        );
      }
      return [{ shape: x.shape, dtype: "f32" }];
    },
    reference: ([x, dy]) => [x.map((v, i) => derivative.reference(v) * dy[i])],
    wgsl: (call) => {
      const kernel = flat(call, `let x = in0[i];\n  out0[i] = (${derivative.wgsl}) * in1[i];`);
      return { ...kernel, code: `${functions}\n${kernel.code}` };
    },
    wasmFormula: { inputs: ["x", "dy"], expression: wasm.gradient },
    wasm: (call) => [sizeOf(call.outputs[0].shape)],
    flops: (call) => (flops + 1) * sizeOf(call.outputs[0].shape),
    cases: [
      { inputs: [[3, 5], [3, 5]], attrs: null },
      { inputs: [[2, 131], [2, 131]], attrs: null },
      { inputs: [[4096, 3072], [4096, 3072]], attrs: null, bench: true },
    ].map(filled),
  };
  const callGrad = define(gradOp);
  const op: Op<null> = {
    name,
    infer: ([x]) => {
      expectF32(name, { x });
      return [{ shape: x.shape, dtype: "f32" }];
    },
    vjp: (call, [g]) => [g === null ? null : callGrad([call.inputs[0], g], null)[0]],
    reference: ([x]) => [x.map((v) => definition.reference(v))],
    wgsl: (call) => {
      const kernel = flat(call, `let x = in0[i];\n  out0[i] = ${definition.wgsl};`);
      return { ...kernel, code: `${functions}\n${kernel.code}` };
    },
    wasmFormula: { inputs: ["x"], expression: wasm.value },
    wasm: (call) => [sizeOf(call.outputs[0].shape)],
    flops: (call) => flops * sizeOf(call.outputs[0].shape),
    cases: [
      { inputs: [[]], attrs: null },
      { inputs: [[3, 5]], attrs: null },
      { inputs: [[2, 131]], attrs: null },
      { inputs: [[4096, 3072]], attrs: null, bench: true },
    ].map(filled),
  };
  const callForward = define(op);
  return Object.assign((x: Tensor): Tensor => callForward([x], null)[0], { op, gradOp });
}
