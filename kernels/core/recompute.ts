/**
 * Memory for time: a part of a graph that keeps nothing but its inputs, and is computed again in the backward pass.
 * Source: Chen et al. 2016, "Training deep nets with sublinear memory cost".
 *
 * @module
 */
import { flowBack } from "./gradients.ts";
import { type Call, inPlaceOf } from "./op.ts";
import type { Tensor } from "./tensor.ts";

/**
 * f(x), of whose values none is kept for the backward pass: they are computed there again from x and from what else f
 * reads, with the same bits, so gradients are the same too. `f` is called once more for every backward pass: it must
 * make the same calls each time. Of the repetition only what gradients need is computed. Throws Error if f overwrites
 * what it did not make, since the repetition would do so twice.
 */
export function checkpoint(x: Tensor, f: (x: Tensor) => Tensor): Tensor {
  const { graph } = x, { value: y, calls } = record(x, f);
  if (y.call === null || !calls.includes(y.call)) return y; // x itself, or something older
  const made = new Set(calls.flatMap((call) => call.outputs));
  checkEffects(calls, made);
  const inputs = [...new Set(calls.flatMap((call) => call.inputs))]
    .filter((t) => t.dtype === "f32" && !made.has(t)); // gradients of whole numbers there are none
  const place = y.call.outputs.indexOf(y);
  graph.customGradients.set(y.call, {
    inputs,
    vjp: (grads, buffers) => {
      const dy = grads[place];
      if (dy === null) return inputs.map(() => null);
      const again = record(x, f);
      const back = [...flowBack(again.value, { calls: again.calls, of: inputs, buffers, seed: () => dy })];
      const found = new Map(back.map((g) => [g.of, g.gradient]));
      return inputs.map((t) => found.get(t) ?? null);
    },
  });
  return y;
}

/** What f gives, and the calls that it made. */
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
      const home = inPlaceOf(op, i);
      if (home < 0 || op.view === true || made.has(inputs[home])) continue;
      throw new Error(
        `Cannot compute again what ${op.name} belongs to: it overwrites ${
          inputs[home].label
        }, which was made outside: ` +
          "leave it out of the checkpoint",
      );
    }
  }
}
