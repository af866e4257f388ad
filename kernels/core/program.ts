/**
 * From graph to program: the calls that matter, in order, with every tensor's place in memory. A program is data:
 * `--dry-run` prints it, tests inspect it, engines only replay it.
 *
 * Memory that outlives a run (inputs, outputs, parameters, gradients, optimizer state) is shared by label between the
 * programs of a session. Activations and workspace live in an arena which all programs of a session overlay.
 *
 * @module
 */
import type { Graph } from "./graph.ts";
import type { Call } from "./op.ts";
import type { Kind, Tensor } from "./tensor.ts";

/** A tensor's place: in the arena (activation, workspace), or, if persistent, in memory of its label's own. */
export type Slot = Readonly<{ tensor: Tensor; offset: number; bytes: number; kind: Kind }>;

/** Calls in order and where their tensors live. */
export type Program = Readonly<{
  name: string;
  calls: readonly Call[];
  /** One for each distinct piece of memory. In-place outputs have none of their own. */
  slots: readonly Slot[];
  arenaBytes: number;
  /** Labels that can be read after a run. */
  outputs: ReadonlyMap<string, Tensor>;
}>;

/** Alignment of every slot: WebGPU's largest binding offset alignment. */
export const slotAlignment = 256;

/** Memory of these kinds lives on between runs and is shared by label. */
export function isPersistent(kind: Kind): boolean {
  return kind !== "activation" && kind !== "workspace";
}
