/**
 * Concatenation of tensors along an axis, and the inverse, which takes a part of a tensor along an axis.
 *
 * A tensor is viewed as [outer, n, inner], where `n` is the size of the axis. Each outer entry is a
 * contiguous run of `n · inner` elements.
 *
 * @module
 */
import { fillOp } from "../../core/gradient_ops.ts";
import { flat } from "../../core/wgsl.ts";
import type { Call, Op, Tensor } from "../../core/graph.ts";
import { define } from "../../core/op.ts";
import { bytesOf, ShapeError, sizeOf, type Spec } from "../../core/tensor.ts";

/** Attributes of `concat`. */
export interface ConcatAttrs {
  /** Axis; negative numbers count from the last axis, -1. */
  readonly axis: number;
}

/** Attributes of `narrow`. */
export interface NarrowAttrs {
  /** Axis; negative numbers count from the last axis, -1. */
  readonly axis: number;
  /** Index of the first entry. */
  readonly start: number;
  /** Number of entries, 1 or more. */
  readonly length: number;
}

const MOST = 7; // parts per call; with the result, these are the 8 buffers that every WebGPU adapter can bind

/**
 * Concatenates tensors of one type along `axis` (default: the last). Throws ShapeError unless all other sizes
 * are equal.
 */
export function concat(parts: readonly Tensor[], { axis = -1 }: { readonly axis?: number } = {}): Tensor {
  if (parts.length === 1) return parts[0];
  if (parts.length <= MOST) return callConcat(parts, { axis })[0];
  const groups = Array.from({ length: Math.ceil(parts.length / MOST) }, (_, i) => {
    return concat(parts.slice(i * MOST, (i + 1) * MOST), { axis });
  });
  return concat(groups, { axis });
}

/**
 * Returns entries `start` … `start + length - 1` of an axis of the tensor `x`, which has any type. Throws
 * ShapeError if `x` does not have these entries.
 */
export function narrow(x: Tensor, attrs: NarrowAttrs): Tensor {
  return callNarrow([x], attrs)[0];
}

/** Concatenates tensors along an axis. */
export const concatOp: Op<ConcatAttrs> = {
  name: "concat",
  infer: (parts, attrs) => {
    const [{ shape, dtype }] = parts, axis = axisOf("concat", shape, attrs);
    const others = (s: Spec) => `${s.dtype} ${s.shape.map((n, i) => i === axis ? "*" : n)}`;
    const odd = parts.find((p) => others(p) !== others(parts[0]));
    if (odd !== undefined) {
      throw new ShapeError(
        `Cannot concat ${dtype} [${shape}] and ${odd.dtype} [${odd.shape}] along axis ${axis}: types and all other sizes must be equal`,
      );
    }
    return [{ shape: shape.with(axis, parts.reduce((sum, p) => sum + p.shape[axis], 0)), dtype }];
  },
  vjp: (call, [g]) => {
    if (g === null) return call.inputs.map(() => null);
    const axis = axisOf("concat", g.shape, call.attrs);
    let start = 0;
    return call.inputs.map((part) => {
      const length = part.shape[axis];
      start += length;
      return part.dtype === "f32" ? narrow(g, { axis, start: start - length, length }) : null;
    });
  },
  reference: (parts, call) => {
    const [outer, ...runs] = concatSizes(call), all = runs.reduce((a, b) => a + b);
    const y = new Float64Array(outer * all);
    for (let o = 0, at = 0; o < outer; o++) {
      parts.forEach((part, i) => {
        y.set(part.subarray(o * runs[i], (o + 1) * runs[i]), at);
        at += runs[i];
      });
    }
    return [y];
  },
  wgsl: (call) => {
    const [, ...runs] = concatSizes(call), all = runs.reduce((a, b) => a + b);
    let start = 0;
    const branches = runs.map((run, i) => {
      start += run;
      return `if (c < ${start}u) { out0[i] = in${i}[row * ${run}u + c - ${start - run}u]; }`;
    });
    return flat(call, `let row = i / ${all}u;\n  let c = i % ${all}u;\n  ${branches.join("\n  else ")}`);
  },
  wasm: (call) => {
    const [outer, ...runs] = concatSizes(call);
    return [outer, runs.length, ...runs];
  },
  cases: [
    { inputs: [[3, 4], [3, 2]], attrs: { axis: -1 } },
    { inputs: [[2, 3, 5], [2, 1, 5], [2, 2, 5]], attrs: { axis: 1 } },
    { inputs: [[3, 67], [1, 67]], attrs: { axis: 0 } },
    { inputs: [[2, 3], [2, 4]], attrs: { axis: 1 }, fill: [{ below: 9 }, { below: 99 }] },
    { inputs: [[4096, 768], [4096, 768]], attrs: { axis: 1 }, bench: true },
  ],
};

/** Takes a range of entries of an axis. */
export const narrowOp: Op<NarrowAttrs> = {
  name: "narrow",
  infer: ([x], { start, length, ...attrs }) => {
    const axis = axisOf("narrow", x.shape, attrs), size = x.shape[axis];
    if (![start, length].every(Number.isInteger) || start < 0 || length < 1 || start + length > size) {
      throw new ShapeError(
        `Cannot narrow axis ${axis} of [${x.shape}] from ${start}, length ${length}: wanted start >= 0, length >= 1 and start + length <= ${size}`,
      );
    }
    return [{ shape: x.shape.with(axis, length), dtype: x.dtype }];
  },
  vjp: (call, [g]) => {
    const [x] = call.inputs, { start, length } = call.attrs, axis = axisOf("narrow", x.shape, call.attrs);
    if (g === null || x.dtype !== "f32") return [null];
    const zeros = (n: number) => {
      return n === 0 ? [] : g.graph.call(fillOp, [g], { value: 0, shape: x.shape.with(axis, n) });
    };
    return [concat([...zeros(start), g, ...zeros(x.shape[axis] - start - length)], { axis })];
  },
  reference: ([x], call) => {
    const { outer, run, skip, taken } = narrowSizes(call), y = new Float64Array(outer * taken);
    for (let o = 0; o < outer; o++) y.set(x.subarray(o * run + skip, o * run + skip + taken), o * taken);
    return [y];
  },
  wgsl: (call) => {
    const { run, skip, taken } = narrowSizes(call);
    return flat(call, `out0[i] = in0[i / ${taken}u * ${run}u + ${skip}u + i % ${taken}u];`);
  },
  wasm: (call) => Object.values(narrowSizes(call)),
  traffic: ({ outputs: [y] }) => ({ read: bytesOf(y), written: bytesOf(y) }),
  cases: [
    { inputs: [[3, 7]], attrs: { axis: -1, start: 2, length: 3 } },
    { inputs: [[2, 5, 33]], attrs: { axis: 1, start: 4, length: 1 } },
    { inputs: [[5, 4]], attrs: { axis: 0, start: 0, length: 5 } },
    { inputs: [[4, 9]], attrs: { axis: 1, start: 3, length: 1 }, fill: [{ below: 99 }] },
    { inputs: [[4096, 768]], attrs: { axis: 1, start: 256, length: 256 }, bench: true },
  ],
};

const callConcat = define(concatOp);
const callNarrow = define(narrowOp);

function axisOf(op: string, shape: readonly number[], { axis }: { readonly axis: number }): number {
  const at = axis < 0 ? shape.length + axis : axis;
  if (Number.isInteger(at) && at >= 0 && at < shape.length) return at;
  throw new ShapeError(`Cannot ${op} [${shape}] along axis ${axis}: it has ${shape.length} axes`);
}

/** Returns the number of outer entries, followed by the number of elements per outer entry for each part. */
function concatSizes({ inputs, attrs }: Call<ConcatAttrs>): readonly number[] {
  const axis = axisOf("concat", inputs[0].shape, attrs);
  return [sizeOf(inputs[0].shape.slice(0, axis)), ...inputs.map((part) => sizeOf(part.shape.slice(axis)))];
}

/**
 * Returns the number of outer entries, and three numbers of elements per outer entry: in `x`, before the
 * range, and in the range.
 */
function narrowSizes({ inputs: [x], attrs }: Call<NarrowAttrs>): {
  outer: number;
  run: number;
  skip: number;
  taken: number;
} {
  const axis = axisOf("narrow", x.shape, attrs), inner = sizeOf(x.shape.slice(axis + 1));
  return {
    outer: sizeOf(x.shape.slice(0, axis)),
    run: x.shape[axis] * inner,
    skip: attrs.start * inner,
    taken: attrs.length * inner,
  };
}
