/**
 * Sum, difference, product and quotient of two tensors. If one is smaller, it is repeated along the leading
 * axes of the other.
 *
 * @module
 */
import { flat } from "../../core/wgsl.ts";
import type { Case } from "../../core/case.ts";
import { define } from "../../core/op.ts";
import type { Op, Tensor } from "../../core/graph.ts";
import { type Shape, ShapeError, sizeOf, type Spec } from "../../core/tensor.ts";
import { sum } from "../reduce/reduce.ts";
import { scale } from "./scale.ts";
import { expectF32 } from "../specs.ts";

/**
 * Returns `a + b`, element by element. One shape, without its leading 1s, must be a suffix of the other; the
 * result has the larger shape.
 */
export function add(a: Tensor, b: Tensor): Tensor {
  return callAdd([a, b], null)[0];
}

/**
 * Returns `a - b`, element by element. One shape, without its leading 1s, must be a suffix of the other; the
 * result has the larger shape.
 */
export function sub(a: Tensor, b: Tensor): Tensor {
  return callSub([a, b], null)[0];
}

/**
 * Returns `a · b`, element by element. One shape, without its leading 1s, must be a suffix of the other; the
 * result has the larger shape.
 */
export function mul(a: Tensor, b: Tensor): Tensor {
  return callMul([a, b], null)[0];
}

/**
 * Returns `a / b`, element by element. One shape, without its leading 1s, must be a suffix of the other; the
 * result has the larger shape.
 */
export function div(a: Tensor, b: Tensor): Tensor {
  return callDiv([a, b], null)[0];
}

const shapes: readonly (readonly [Shape, Shape])[] = [
  [[3, 5], [3, 5]],
  [[3, 5, 67], [67]],
  [[67], [3, 5, 67]],
  [[3, 5, 4], [1, 5, 4]],
  [[2, 131], []],
  [[1], [7, 9]],
  [[1, 5], [5]],
  [[4096, 768], [4096, 768]],
  [[4096, 3072], [3072]],
];

/** `a + b`. */
export const addOp: Op<null> = binary({
  name: "add",
  reference: (a, b) => a + b,
  operator: "+",
  ofA: (g) => g,
  ofB: (g) => g,
});

/** `a - b`. */
export const subOp: Op<null> = binary({
  name: "sub",
  reference: (a, b) => a - b,
  operator: "-",
  ofA: (g) => g,
  ofB: (g) => scale(g, -1),
});

/** `a · b`. */
export const mulOp: Op<null> = binary({
  name: "mul",
  reference: (a, b) => a * b,
  operator: "*",
  ofA: (g, { b }) => mul(g, b),
  ofB: (g, { a }) => mul(g, a),
});

/** `a / b`. */
export const divOp: Op<null> = binary({
  name: "div",
  reference: (a, b) => a / b,
  operator: "/",
  ofA: (g, { b }) => div(g, b),
  ofB: (g, { b, out }) => scale(div(mul(g, out), b), -1), // d(a/b)/db = -(a/b)/b
});

const callAdd = define(addOp);
const callSub = define(subOp);
const callMul = define(mulOp);
const callDiv = define(divOp);

interface BinaryDefinition {
  readonly name: string;
  /** Computes one element in float64. */
  reference(a: number, b: number): number;
  /** WGSL operator. */
  readonly operator: string;
  /** Returns the gradient of the tensor `a`; it has the shape of the result. */
  ofA(g: Tensor, tensors: { a: Tensor; b: Tensor; out: Tensor }): Tensor;
  /** Returns the gradient of the tensor `b`; it has the shape of the result. */
  ofB(g: Tensor, tensors: { a: Tensor; b: Tensor; out: Tensor }): Tensor;
}

function binary({ name, reference, operator, ofA, ofB }: BinaryDefinition): Op<null> {
  return {
    name,
    infer: ([a, b]) => [{ shape: broadcastShape(name, { a, b }), dtype: "f32" }],
    vjp: (call, [g]) => {
      if (g === null) return [null, null];
      const [a, b] = call.inputs, tensors = { a, b, out: call.outputs[0] };
      return [sumTo(ofA(g, tensors), a.shape), sumTo(ofB(g, tensors), b.shape)];
    },
    reference: ([a, b]) => {
      const out = new Float64Array(Math.max(a.length, b.length));
      return [out.map((_, i) => reference(a[i % a.length], b[i % b.length]))];
    },
    wgsl: (call) => {
      const n = sizeOf(call.outputs[0].shape);
      const [a, b] = call.inputs.map((t, k) => {
        const size = sizeOf(t.shape);
        return size === n ? `in${k}[i]` : size === 1 ? `in${k}[0]` : `in${k}[i % ${size}u]`;
      });
      return flat(call, `out0[i] = ${a} ${operator} ${b};`);
    },
    wasmFormula: { inputs: ["a", "b"], expression: `f32x4.${name}(a, b)`, broadcast: true },
    wasm: (call) => [call.outputs[0], ...call.inputs].map((t) => sizeOf(t.shape)),
    flops: (call) => sizeOf(call.outputs[0].shape),
    cases: shapes.map((inputs): Case<null> => ({
      inputs,
      attrs: null,
      ...(name === "div" ? { fill: ["normal", "positive"] } : {}),
      ...(sizeOf(inputs[0]) > 1e6 ? { bench: true } : {}),
    })),
  };
}

/** The larger of two shapes. Throws ShapeError unless the smaller one is a suffix of it. */
function broadcastShape(op: string, { a, b }: { a: Spec; b: Spec }): Shape {
  expectF32(op, { a, b });
  const bIsLarger = sizeOf(b.shape) > sizeOf(a.shape) ||
    (sizeOf(b.shape) === sizeOf(a.shape) && b.shape.length > a.shape.length);
  const [large, small] = bIsLarger ? [b.shape, a.shape] : [a.shape, b.shape];
  const ending = stripped(small);
  if (String(large.slice(large.length - ending.length)) !== String(ending)) {
    throw new ShapeError(
      `Cannot ${op}: a is [${a.shape}], b is [${b.shape}]: the smaller shape, without its leading 1s, must be a suffix of the larger`,
    );
  }
  return large;
}

/** Returns a shape without its leading 1s. */
function stripped(shape: Shape): Shape {
  const first = shape.findIndex((n) => n !== 1);
  return first < 0 ? [] : shape.slice(first);
}

/** Sums the tensor `g` over the leading axes along which `shape` was repeated. */
function sumTo(g: Tensor, shape: Shape): Tensor {
  if (String(g.shape) === String(shape)) return g;
  return sum(g, { from: 0, to: g.shape.length - stripped(shape).length, shape });
}
