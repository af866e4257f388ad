/**
 * Activation recomputation: for a part of a graph, only the inputs are stored, and the backward pass computes
 * all other values again. This saves memory at the cost of time. Source: Chen et al. 2016, "Training deep
 * nets with sublinear memory cost".
 *
 * @module
 */
import { backpropagate } from "./gradients.ts";
import type { Call, Tensor } from "./graph.ts";
import { inPlaceOf } from "./op.ts";

/**
 * Returns `f(x)`. The intermediate values of `f` are not stored for the backward pass, which computes them
 * again from `x` and from the other tensors that `f` reads. Values and gradients have the same bits as
 * without recomputation. `f` is called once more per backward pass and must make the same calls each time;
 * only the calls that the gradients need are run. Throws Error if `f` overwrites a tensor that it did not
 * create, because running `f` again would overwrite it twice.
 */
export function recompute(x: Tensor, f: (x: Tensor) => Tensor): Tensor {
  const { graph } = x, { value: y, calls } = record(x, f);
  if (y.call === null || !calls.includes(y.call)) return y; // `f` made no call
  const made = new Set(calls.flatMap((call) => call.outputs));
  checkEffects(calls, made);
  const inputs = [...new Set(calls.flatMap((call) => call.inputs))]
    .filter((t) => t.dtype === "f32" && !made.has(t)); // integers have no gradients
  const place = y.call.outputs.indexOf(y);
  graph.customGradients.set(y.call, {
    inputs,
    vjp: (grads, buffers) => {
      const dy = grads[place];
      if (dy === null) return inputs.map(() => null);
      const repeated = record(x, f);
      const gradients = [
        ...backpropagate(repeated.value, { calls: repeated.calls, of: inputs, buffers, seed: () => dy }),
      ];
      const gradientOf = new Map(gradients.map((g) => [g.of, g.gradient]));
      return inputs.map((t) => gradientOf.get(t) ?? null);
    },
  });
  return y;
}

/** Returns the result of `f`, and the calls that it made. */
function record(
  x: Tensor,
  f: (x: Tensor) => Tensor,
): { readonly value: Tensor; readonly calls: readonly Call[] } {
  const { graph } = x, before = graph.calls.length, { where } = graph;
  const value = f(x);
  graph.where = where;
  return { value, calls: graph.calls.slice(before) };
}

function checkEffects(calls: readonly Call[], made: ReadonlySet<Tensor>): void {
  for (const { op, inputs, outputs } of calls) {
    for (const i of outputs.keys()) {
      const input = inPlaceOf(op, i);
      if (input < 0 || op.view === true || made.has(inputs[input])) continue;
      throw new Error(
        `Cannot recompute a part with ${op.name}: it overwrites ${
          inputs[input].label
        }, which was created outside of it: ` +
          `move ${op.name} out of recompute()`,
      );
    }
  }
}
