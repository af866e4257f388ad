/**
 * Helpers for defining ops and for reading their calls.
 *
 * @module
 */
import type { Call, Op, Tensor } from "./graph.ts";

/**
 * Makes an op callable: the function adds a call to the graph of its first input and returns the call's
 * outputs.
 */
export function define<A>(op: Op<A>): (inputs: readonly Tensor[], attrs: A) => readonly Tensor[] {
  return (inputs, attrs) => inputs[0].graph.call(op, inputs, attrs);
}

/**
 * Returns tensors bound to a kernel, in binding order: the inputs, then the outputs that have memory of their
 * own.
 */
export function bindings(call: Call): readonly Tensor[] {
  return [...call.inputs, ...call.outputs.filter((_, i) => inPlaceOf(call.op, i) < 0)];
}

/** Returns the index of the input whose memory holds an output, or -1 if the output has memory of its own. */
export function inPlaceOf(op: Op<any>, output: number): number {
  return op.inPlace?.[output] ?? -1;
}

/**
 * Returns the key made from a call's op, shapes and attributes: calls with the same key run the same kernel.
 */
export function callKey({ op, inputs, attrs }: Call): string {
  const shapes = inputs.map(({ shape }) => `[${shape}]`).join(" ");
  return `${op.name} ${shapes} ${JSON.stringify(attrs)}`;
}
