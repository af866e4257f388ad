/**
 * Sum, mean and maximum over adjacent axes, and the inverse operation, broadcast.
 *
 * The axes [`from`, `to`) of `x` are reduced. If `x` is viewed as [outer, n, inner], the result is [outer,
 * inner].
 *
 * @module
 */
import { flat, nanFunctions } from "../../core/wgsl.ts";
import type { Call, Op, Tensor } from "../../core/graph.ts";
import type { Case } from "../../core/case.ts";
import { define } from "../../core/op.ts";
import { type Shape, ShapeError, sizeOf, type Spec } from "../../core/tensor.ts";
import { type Fold, reduceKernel } from "./reduce_wgsl.ts";
import { scale } from "../elementwise/scale.ts";
import { expectF32 } from "../specs.ts";

/** Axes to reduce: `from` up to but not including `to`. Default: all. */
export interface Axes {
  /** First reduced axis; default 0. */
  readonly from?: number;
  /** First axis after the reduced ones; default: the number of axes. */
  readonly to?: number;
}

/** Attributes of the reductions. */
export interface ReduceAttrs {
  /** First reduced axis. */
  readonly from: number;
  /** First axis after the reduced ones. */
  readonly to: number;
  /**
   * Shape of the result, with as many elements as the remaining axes have; default: the sizes of the
   * remaining axes.
   */
  readonly shape?: Shape;
}

/** Attributes of `broadcast`. */
export interface BroadcastAttrs {
  /** Shape of the result. */
  readonly shape: Shape;
  /** First axis along which `x` is repeated. */
  readonly from: number;
  /** First axis after the repeated ones. */
  readonly to: number;
}

/**
 * Returns the sum over the axes [`from`, `to`): `x` [outer, n, inner] → [outer, inner], or [] if all axes are
 * reduced.
 */
export function sum(x: Tensor, axes: Axes & { readonly shape?: Shape } = {}): Tensor {
  return callSum([x], { from: 0, to: x.shape.length, ...axes })[0];
}

/**
 * Returns the mean over the axes [`from`, `to`): `x` [outer, n, inner] → [outer, inner], or [] if all axes
 * are reduced.
 */
export function mean(x: Tensor, axes: Axes = {}): Tensor {
  return callMean([x], { from: 0, to: x.shape.length, ...axes })[0];
}

/**
 * Returns the maximum over the axes [`from`, `to`): `x` [outer, n, inner] → [outer, inner]. It has no
 * gradient.
 */
export function max(x: Tensor, axes: Axes = {}): Tensor {
  return callMax([x], { from: 0, to: x.shape.length, ...axes })[0];
}

/** Repeats `x` along the axes [`from`, `to`) of `shape`: `x` [outer, inner] → [outer, n, inner]. */
export function broadcast(x: Tensor, attrs: BroadcastAttrs): Tensor {
  return callBroadcast([x], attrs)[0];
}

const cases: readonly Case<ReduceAttrs>[] = [
  { inputs: [[7]], attrs: { from: 0, to: 1 } },
  { inputs: [[3, 5, 4]], attrs: { from: 0, to: 3 } },
  { inputs: [[3, 5, 4]], attrs: { from: 1, to: 2 } },
  { inputs: [[3, 5, 67]], attrs: { from: 0, to: 2 } },
  { inputs: [[5, 301]], attrs: { from: 1, to: 2 } },
  { inputs: [[133, 9]], attrs: { from: 0, to: 1 } },
  { inputs: [[2, 3]], attrs: { from: 1, to: 1 } },
  { inputs: [[4096, 768]], attrs: { from: 0, to: 1 }, bench: true }, // a bias gradient
  { inputs: [[4096, 3072]], attrs: { from: 0, to: 1 }, bench: true },
  { inputs: [[4096, 768]], attrs: { from: 1, to: 2 }, bench: true },
];

const adding: Fold = {
  start: "0.0",
  join: (a, b) => `${a} + ${b}`,
  store: (at, total) => `out0[${at}] = ${total};`,
};

/** Sum over adjacent axes. */
export const sumOp: Op<ReduceAttrs> = {
  name: "sum",
  infer: ([x], attrs) => inferReduce("sum", { x, attrs }),
  vjp: (call, [g]) => [g === null ? null : repeat(call, g)],
  addTo: ({ inputs: [x], attrs }, buffer) => callSumAdd([x, buffer], attrs)[0],
  reference: ([x], call) => [fold(x, call, (column) => column.reduce((a, b) => a + b, 0))],
  wgsl: (call) => reduceKernel(call, sizes(call), adding),
  wasm: (call) => sizes(call),
  flops: (call) => sizeOf(call.inputs[0].shape),
  cases: [...cases, { inputs: [[4, 1, 5]], attrs: { from: 0, to: 1, shape: [1, 1, 5] } }],
};

/** `buffer += sum` over adjacent axes. */
export const sumAddOp: Op<ReduceAttrs> = {
  name: "sum_add",
  inPlace: [1],
  infer: ([x, buffer], attrs) => {
    const [{ shape }] = inferReduce("sum_add", { x, attrs });
    if (sizeOf(shape) !== sizeOf(buffer.shape)) {
      throw new ShapeError(`Cannot add sums of [${shape}] to [${buffer.shape}]: sizes must be equal`);
    }
    return [{ shape: buffer.shape, dtype: "f32" }];
  },
  reference: ([x, buffer], call) => {
    const [sums] = sumOp.reference([x], call);
    return [buffer.map((b, i) => b + sums[i])];
  },
  wgsl: (call) =>
    reduceKernel(call, sizes(call), {
      ...adding,
      store: (at, total) => `let at = ${at};\n  in1[at] = in1[at] + (${total});`,
    }),
  wasm: (call) => sizes(call),
  flops: (call) => sizeOf(call.inputs[0].shape) + sizeOf(call.outputs[0].shape),
  cases: cases.map(({ inputs: [x], ...c }) => {
    const { from, to } = c.attrs;
    return { inputs: [x, [...x.slice(0, from), ...x.slice(to)]], ...c };
  }),
};

/** Mean over adjacent axes. */
export const meanOp: Op<ReduceAttrs> = {
  name: "mean",
  infer: ([x], attrs) => inferReduce("mean", { x, attrs }),
  vjp: (call, [g]) => [g === null ? null : scale(repeat(call, g), 1 / sizes(call)[1])],
  reference: ([x], call) => [fold(x, call, (column) => column.reduce((a, b) => a + b, 0) / column.length)],
  wgsl: (call) => {
    const [, n] = sizes(call);
    return reduceKernel(call, sizes(call), {
      ...adding,
      store: (at, total) => `out0[${at}] = (${total}) / ${n}.0;`,
    });
  },
  wasm: (call) => sizes(call),
  flops: (call) => sizeOf(call.inputs[0].shape),
  cases,
};

/** Maximum over adjacent axes. */
export const maxOp: Op<ReduceAttrs> = {
  name: "max",
  infer: ([x], attrs) => inferReduce("max", { x, attrs }),
  reference: ([x], call) => [fold(x, call, (column) => column.reduce((a, b) => Math.max(a, b), -Infinity))],
  wgsl: (call) =>
    reduceKernel(call, sizes(call), {
      start: "-3.4028234663852886e38", // the lowest f32
      functions: nanFunctions,
      join: (a, b) => `maxOrNan(${a}, ${b})`,
      store: (at, total) => `out0[${at}] = ${total};`,
    }),
  wasm: (call) => sizes(call),
  flops: (call) => sizeOf(call.inputs[0].shape),
  cases,
};

/** Repeats a tensor along adjacent axes: the inverse of a reduction. */
export const broadcastOp: Op<BroadcastAttrs> = {
  name: "broadcast",
  infer: ([x], { shape, from, to }) => {
    expectF32("broadcast", { x });
    expectAxes("broadcast", { shape, from, to });
    const expected = [...shape.slice(0, from), ...shape.slice(to)];
    if (sizeOf(expected) !== sizeOf(x.shape)) {
      throw new ShapeError(
        `Cannot broadcast [${x.shape}] to [${shape}] along axes ${from} to ${
          to - 1
        }: x must be [${expected}]`,
      );
    }
    return [{ shape, dtype: "f32" }];
  },
  vjp: (call, [g]) => {
    const { from, to } = call.attrs;
    return [g === null ? null : sum(g, { from, to, shape: call.inputs[0].shape })];
  },
  reference: ([x], call) => {
    const [outer, n, inner] = split(call.attrs.shape, call.attrs);
    const out = new Float64Array(outer * n * inner);
    return [out.map((_, i) => x[Math.floor(i / (n * inner)) * inner + i % inner])];
  },
  wgsl: (call) => {
    const [, n, inner] = split(call.attrs.shape, call.attrs);
    return flat(call, `out0[i] = in0[i / ${n * inner}u * ${inner}u + i % ${inner}u];`);
  },
  wasm: (call) => split(call.attrs.shape, call.attrs),
  cases: [
    { inputs: [[]], attrs: { shape: [3, 5], from: 0, to: 2 } },
    { inputs: [[3, 4]], attrs: { shape: [3, 5, 4], from: 1, to: 2 } },
    { inputs: [[67]], attrs: { shape: [3, 5, 67], from: 0, to: 2 } },
    { inputs: [[5]], attrs: { shape: [5, 301], from: 1, to: 2 } },
    { inputs: [[768]], attrs: { shape: [4096, 768], from: 0, to: 1 }, bench: true },
  ],
};

const callSum = define(sumOp);
const callSumAdd = define(sumAddOp);
const callMean = define(meanOp);
const callMax = define(maxOp);
const callBroadcast = define(broadcastOp);

function inferReduce(op: string, { x, attrs }: { x: Spec; attrs: ReduceAttrs }): readonly Spec[] {
  expectF32(op, { x });
  expectAxes(op, { ...attrs, shape: x.shape });
  const remaining = [...x.shape.slice(0, attrs.from), ...x.shape.slice(attrs.to)];
  const shape = attrs.shape ?? remaining;
  if (sizeOf(shape) !== sizeOf(remaining)) {
    throw new ShapeError(
      `Cannot call ${op}: [${x.shape}] without axes ${attrs.from} to ${
        attrs.to - 1
      } is [${remaining}], which has another size than the given shape [${shape}]`,
    );
  }
  return [{ shape, dtype: "f32" }];
}

function expectAxes(op: string, { shape, from, to }: { shape: Shape; from: number; to: number }): void {
  if (Number.isInteger(from) && Number.isInteger(to) && 0 <= from && from <= to && to <= shape.length) return;
  throw new ShapeError(
    `Cannot call ${op} over axes from ${from} up to ${to} of [${shape}]: wanted 0 <= from <= to <= ${shape.length}`,
  );
}

/**
 * Returns the sizes [outer, n, inner]: `n` is the number of elements of the axes [`from`, `to`) of `shape`,
 * `outer` is that of the axes before them, and `inner` is that of the axes after them.
 */
function split(shape: Shape, { from, to }: { from: number; to: number }): readonly [number, number, number] {
  return [sizeOf(shape.slice(0, from)), sizeOf(shape.slice(from, to)), sizeOf(shape.slice(to))];
}

function sizes(call: Call<ReduceAttrs>): readonly [number, number, number] {
  return split(call.inputs[0].shape, call.attrs);
}

/** Returns the gradient of a sum's input, given the sum's gradient. */
function repeat(call: Call<ReduceAttrs>, g: Tensor): Tensor {
  const { from, to } = call.attrs;
  return broadcast(g, { shape: call.inputs[0].shape, from, to });
}

/**
 * Computes each element of the result by calling `of` with the `n` elements of `x` that are reduced to it.
 */
function fold(x: Float64Array, call: Call<ReduceAttrs>, of: (column: Float64Array) => number): Float64Array {
  const [outer, n, inner] = sizes(call);
  const column = new Float64Array(n);
  return new Float64Array(outer * inner).map((_, i) => {
    const first = Math.floor(i / inner) * n * inner + i % inner;
    return of(column.map((_, r) => x[first + r * inner]));
  });
}
