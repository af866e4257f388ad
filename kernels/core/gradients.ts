/**
 * Reverse mode: the gradient of a scalar with respect to tensors of its graph, as further calls of that graph.
 *
 * @module
 */
import { type Call, define, grid, type Op, wgslBindings } from "./op.ts";
import { memoryOf } from "./program.ts";
import { bytesOf, type Shape, ShapeError, sizeOf, type Tensor } from "./tensor.ts";

/** A tensor of x's shape, every element `value`. */
export function fill(like: Tensor, value: number): Tensor {
  return callFill([like], { value })[0];
}

/** a + b of one shape: where gradients meet. */
export function plus(a: Tensor, b: Tensor): Tensor {
  return callPlus([a, b], null)[0];
}

/**
 * Adds x to the persistent `buffer`, in place, and gives it back. Where nothing has used x yet and its op can add to a
 * buffer itself, that is done instead of making x: so x had better not be used afterwards.
 */
export function accumulate(buffer: Tensor, x: Tensor): Tensor {
  const unused = x.call !== null && !x.graph.calls.some((call) => call.inputs.includes(x));
  const added = unused ? x.call?.op.addTo?.(x.call, buffer) : null;
  return added ?? callAccumulate([buffer, x], null)[0];
}

/**
 * Gradients of the scalar `loss` with respect to each of `of`, in their order; null where loss does not depend on it.
 * Throws ShapeError if loss is not a scalar, Error where an op on the way has no vjp.
 */
export function gradients(loss: Tensor, of: readonly Tensor[]): readonly (Tensor | null)[] {
  const found = new Map([...eachGradient(loss, of)].map((g) => [g.of, g.gradient]));
  return of.map((t) => found.get(t) ?? null);
}

/** A tensor that a value depends on, and the gradient of that value with respect to it. */
export type Found = Readonly<{ of: Tensor; gradient: Tensor }>;

/**
 * As `gradients`, but each as soon as nothing more is added to it, last layers first: what is done with it then (adding
 * it to a buffer) stands before the rest of the backward pass, and its memory is free again. Those of a leaf in `into`
 * are added to its buffer, in place, by the ops that make them where those can: what is given out then is the buffer.
 */
export function* eachGradient(
  loss: Tensor,
  of: readonly Tensor[],
  { into = new Map() }: { readonly into?: ReadonlyMap<Tensor, Tensor> } = {},
): Generator<Found, void> {
  if (sizeOf(loss.shape) !== 1) {
    throw new ShapeError(`Cannot take gradients of ${loss.label}: it is [${loss.shape}], wanted one element`);
  }
  const buffers = new Map(into);
  yield* flowBack(loss, { calls: loss.graph.calls, of, buffers, seed: () => fill(loss, 1) });
}

/**
 * What flows from `y` back to each of `of` through `calls`, each as soon as it is complete. `seed` makes the gradient of
 * y, if anything flows; `buffers` is as `into` of eachGradient(), and keeps up with them. Throws Error where an op on the way has no vjp.
 */
export function* flowBack(
  y: Tensor,
  options: {
    readonly calls: readonly Call[];
    readonly of: readonly Tensor[];
    readonly buffers?: Map<Tensor, Tensor>;
    seed(): Tensor;
  },
): Generator<Found, void> {
  const { seed, buffers = new Map() } = options, of = new Set(options.of), { customGradients } = y.graph;
  const calls = [...options.calls]; // vjps add to the graph's own list
  const depends = new Set<Tensor>(of), used = new Set<Tensor>();
  const completeAfter = new Map<Call, Tensor[]>(); // by the first call that reads them
  for (const call of calls) {
    const { inputs } = customGradients.get(call) ?? call;
    if (call.op.constant !== true && inputs.some((t) => depends.has(t))) {
      call.outputs.forEach((t) => depends.add(t));
    }
    const begun = [...call.inputs, ...inputs].filter((t) => of.has(t) && !used.has(t));
    if (begun.length > 0) completeAfter.set(call, begun);
    begun.forEach((t) => used.add(t));
  }
  if (!depends.has(y)) return;

  const found = new Map<Tensor, Tensor>([[y, seed()]]);
  for (const t of of) if (!used.has(t) && found.has(t)) yield { of: t, gradient: found.get(t)! };
  for (const call of calls.reverse()) {
    const ofOutputs = call.outputs.map((t) => found.get(t) ?? null);
    const custom = customGradients.get(call), { inputs } = custom ?? call;
    if (ofOutputs.some((g) => g !== null) && inputs.some((t) => depends.has(t))) {
      const before = y.graph.calls.length;
      const ofInputs = custom?.vjp(ofOutputs, buffers) ?? call.op.vjp?.(call, ofOutputs);
      if (ofInputs === undefined) {
        throw new Error(`Cannot differentiate ${call.outputs[0].label}: op ${call.op.name} has no vjp`);
      }
      ofInputs.forEach((gradient, i) => {
        const input = inputs[i];
        if (gradient === null || !depends.has(input)) return;
        const buffer = buffers.get(input), known = found.get(input);
        if (buffer === undefined) found.set(input, known === undefined ? gradient : plus(known, gradient));
        else {
          const sum = addedTo(buffer, { gradient, before });
          buffers.set(input, sum);
          found.set(input, sum);
        }
      });
    }
    for (const t of new Set(completeAfter.get(call))) {
      const gradient = found.get(t);
      if (gradient !== undefined) yield { of: t, gradient };
    }
  }
}

/** The buffer with a gradient added; of the graph's calls, those from `before` on are of the vjp that gave it. */
function addedTo(buffer: Tensor, { gradient, before }: { gradient: Tensor; before: number }): Tensor {
  if (memoryOf(gradient) === memoryOf(buffer)) return buffer; // the vjp did it
  // One that was there before flows on to others as well: it has to be made in any case.
  const fresh = gradient.call !== null && gradient.graph.calls.indexOf(gradient.call) >= before;
  return fresh ? accumulate(buffer, gradient) : callAccumulate([buffer, gradient], null)[0];
}

/** What to fill with. */
export interface FillAttrs {
  /** Of every element; u32 tensors take 0 alone. */
  readonly value: number;
  /** Default: as the input, which gives the type in any case. */
  readonly shape?: Shape;
}

/** Every element one value. */
export const fillOp: Op<FillAttrs> = {
  name: "fill",
  constant: true,
  infer: ([like], { shape = like.shape }) => [{ shape, dtype: like.dtype }],
  reference: (_inputs, call) => [new Float64Array(sizeOf(call.outputs[0].shape)).fill(call.attrs.value)],
  wgsl: (call) => flat(call, `out0[i] = ${call.outputs[0].dtype}(${call.attrs.value});`),
  wasm: (call) => [sizeOf(call.outputs[0].shape), call.attrs.value],
  traffic: (call) => ({ read: 0, written: bytesOf(call.outputs[0]) }),
  cases: [
    { inputs: [[3, 5]], attrs: { value: 1 } },
    { inputs: [[]], attrs: { value: -2.5 } },
    { inputs: [[3]], attrs: { value: 0, shape: [2, 67] } },
  ],
};

/** a + b of one shape. */
export const plusOp: Op<null> = {
  name: "plus",
  infer: ([a, b]) => {
    if (String(a.shape) !== String(b.shape)) {
      throw new ShapeError(`Cannot add gradients: [${a.shape}] and [${b.shape}] must be one shape`);
    }
    return [{ shape: a.shape, dtype: "f32" }];
  },
  vjp: (_call, [g]) => [g, g],
  reference: ([a, b]) => [a.map((x, i) => x + b[i])],
  wgsl: (call) => flat(call, "out0[i] = in0[i] + in1[i];"),
  wasm: (call) => [sizeOf(call.outputs[0].shape)],
  flops: (call) => sizeOf(call.outputs[0].shape),
  cases: [{ inputs: [[7, 9], [7, 9]], attrs: null }],
};

/** buffer += x. */
export const accumulateOp: Op<null> = {
  name: "accumulate",
  inPlace: [0],
  infer: ([buffer, x]) => {
    if (sizeOf(buffer.shape) !== sizeOf(x.shape)) {
      throw new ShapeError(`Cannot accumulate [${x.shape}] into [${buffer.shape}]: sizes must be equal`);
    }
    return [{ shape: buffer.shape, dtype: "f32" }];
  },
  reference: ([buffer, x]) => [buffer.map((b, i) => b + x[i])],
  wgsl: (call) => flat(call, "in0[i] = in0[i] + in1[i];"),
  wasm: (call) => [sizeOf(call.outputs[0].shape)],
  flops: (call) => sizeOf(call.outputs[0].shape),
  cases: [{ inputs: [[7, 9], [7, 9]], attrs: null }],
};

const callFill = define(fillOp);
const callPlus = define(plusOp);
const callAccumulate = define(accumulateOp);

/** A kernel with one invocation an element of the first output, or `count`: `body` sees its index `i`. */
export function flat(
  call: Call,
  body: string,
  { count = sizeOf(call.outputs[0].shape) }: { readonly count?: number } = {},
): ReturnType<Op<any>["wgsl"]> {
  const workgroups = grid(count, 64);
  return {
    workgroups,
    code: `${wgslBindings(call)}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x + id.y * ${workgroups[0] * 64}u;
  if (i >= ${count}u) { return; }
  ${body}
}`,
  };
}
