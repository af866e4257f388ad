/**
 * Reverse-mode differentiation: adds calls to a scalar's graph that compute its gradients.
 *
 * @module
 */
import { accumulate, addInPlace, fill, plus } from "./gradient_ops.ts";
import type { Call, Tensor } from "./graph.ts";
import { memoryOf } from "./program.ts";
import { ShapeError, sizeOf } from "./tensor.ts";

/**
 * Returns the gradients of the scalar `loss` with respect to each tensor in `of`, in that order, or null if
 * the loss does not depend on the tensor. Throws ShapeError if the loss is not a scalar, and Error if a
 * gradient has to pass through an op that has no vjp.
 */
export function gradients(loss: Tensor, of: readonly Tensor[]): readonly (Tensor | null)[] {
  const byTensor = new Map([...eachGradient(loss, of)].map((g) => [g.of, g.gradient]));
  return of.map((t) => byTensor.get(t) ?? null);
}

/** A gradient and the tensor that it is taken with respect to. */
export type TensorGradient = Readonly<{ of: Tensor; gradient: Tensor }>;

/**
 * Works like `gradients()`, but yields each gradient as soon as it is complete, last layers first. Before the
 * caller asks for the next gradient, it may make calls, for example to add the current gradient to a buffer.
 * These calls run before the rest of the backward pass, so the memory of the current gradient is freed early.
 *
 * The gradient of a leaf in `into` is added in place to the leaf's buffer, if possible by the op that
 * computes the gradient, and the buffer's new value is yielded as the gradient.
 *
 * `seed` makes the gradient of the loss, a 1; a graph that does not read the loss gives one that is not made
 * from the loss, so that the loss is not computed.
 */
export function* eachGradient(
  loss: Tensor,
  of: readonly Tensor[],
  { into = new Map(), seed = () => fill(loss, 1) }: {
    readonly into?: ReadonlyMap<Tensor, Tensor>;
    readonly seed?: () => Tensor;
  } = {},
): Generator<TensorGradient, void> {
  if (sizeOf(loss.shape) !== 1) {
    throw new ShapeError(
      `Cannot take gradients of ${loss.label}: its shape is [${loss.shape}], wanted a single element`,
    );
  }
  const buffers = new Map(into);
  yield* backpropagate(loss, { calls: loss.graph.calls, of, buffers, seed });
}

/**
 * Yields the gradients that flow from the tensor `y` through `calls` to each tensor in `of`, each as soon as
 * it is complete. `seed` creates the gradient of `y` and is called only if a gradient flows. `buffers` has
 * the same meaning as `into` in `eachGradient()`, and its values are replaced as the buffers change. Throws
 * Error if a gradient has to pass through an op that has no vjp.
 */
export function* backpropagate(
  y: Tensor,
  options: {
    readonly calls: readonly Call[];
    readonly of: readonly Tensor[];
    readonly buffers?: Map<Tensor, Tensor>;
    seed(): Tensor;
  },
): Generator<TensorGradient, void> {
  const { seed, buffers = new Map() } = options, of = new Set(options.of), { customGradients } = y.graph;
  const calls = [...options.calls]; // a copy: vjps add calls to the graph's own list
  const dependent = new Set<Tensor>(of), used = new Set<Tensor>();
  // Keyed by the first call that reads the tensor: the backward pass visits this call after all other
  // readers.
  const completeAfter = new Map<Call, Tensor[]>();
  for (const call of calls) {
    const { inputs } = customGradients.get(call) ?? call;
    if (call.op.constant !== true && inputs.some((t) => dependent.has(t))) {
      call.outputs.forEach((t) => dependent.add(t));
    }
    const firstUses = [...call.inputs, ...inputs].filter((t) => of.has(t) && !used.has(t));
    if (firstUses.length > 0) completeAfter.set(call, firstUses);
    firstUses.forEach((t) => used.add(t));
  }
  if (!dependent.has(y)) return;

  const gradientOf = new Map<Tensor, Tensor>([[y, seed()]]);
  for (const t of of) if (!used.has(t) && gradientOf.has(t)) yield { of: t, gradient: gradientOf.get(t)! };
  for (const call of calls.reverse()) {
    const ofOutputs = call.outputs.map((t) => gradientOf.get(t) ?? null);
    const custom = customGradients.get(call), { inputs } = custom ?? call;
    if (ofOutputs.some((g) => g !== null) && inputs.some((t) => dependent.has(t))) {
      const before = y.graph.calls.length;
      const ofInputs = custom?.vjp(ofOutputs, buffers) ?? call.op.vjp?.(call, ofOutputs);
      if (ofInputs === undefined) {
        throw new Error(`Cannot differentiate ${call.outputs[0].label}: op ${call.op.name} has no vjp`);
      }
      ofInputs.forEach((gradient, i) => {
        const input = inputs[i];
        if (gradient === null || !dependent.has(input)) return;
        const buffer = buffers.get(input), known = gradientOf.get(input);
        if (buffer === undefined) {
          gradientOf.set(input, known === undefined ? gradient : plus(known, gradient));
        } else {
          const sum = addedTo(buffer, { gradient, before });
          buffers.set(input, sum);
          gradientOf.set(input, sum);
        }
      });
    }
    for (const t of new Set(completeAfter.get(call))) {
      const gradient = gradientOf.get(t);
      if (gradient !== undefined) yield { of: t, gradient };
    }
  }
}

/**
 * Adds a gradient to a buffer. The graph's calls from index `before` on were made by the vjp that returned
 * the gradient.
 */
function addedTo(buffer: Tensor, { gradient, before }: { gradient: Tensor; before: number }): Tensor {
  if (memoryOf(gradient) === memoryOf(buffer)) return buffer; // the vjp has already added it
  // A gradient from an earlier call also flows to other tensors, so it has to be stored.
  const isNew = gradient.call !== null && gradient.graph.calls.indexOf(gradient.call) >= before;
  return isNew ? accumulate(buffer, gradient) : addInPlace(buffer, gradient);
}
