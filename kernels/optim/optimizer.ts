/**
 * What an optimizer is: a graph that makes parameters' next values, so it runs on every engine.
 *
 * @module
 */
import type { Scope } from "../core/scope.ts";
import type { NamedSpec } from "../core/pack.ts";
import { slotBytes } from "../core/tensor.ts";
import type { Pack, Tensor } from "../core/graph.ts";
import type { Shape } from "../core/tensor.ts";

/** What all of one update's parameters share. */
export interface Now {
  /** [1]. */
  readonly learningRate: Tensor;
  /** [1], f32: 1 for the first update. */
  readonly step: Tensor;
  /** [1]: gradients are multiplied by it (clipping). */
  readonly scale: Tensor;
}

/**
 * A rule to update parameters, which come as packs: see `parameterGroups` for their order.
 *
 * A rule for each element by itself takes a pack's tensor, so one call does all. A rule that works by matrix (such as
 * Muon) goes over `params.members`: `graph.leaf(member.label, member, "parameter")` is a matrix with its shape, in place
 * in the pack, and the gradient at the same index is that of `gradients.members`; what is to be treated so stands `apart`,
 * so that all else can still be updated in one call a pack.
 */
export interface Optimizer {
  /** As `--optimizer` names it. */
  readonly name: string;
  /** Which parameters have packs of their own: a pack holds none but such, or none such. Default: all stand together. */
  apart?(parameter: NamedSpec): boolean;
  /** Updates `params` in place and leaves `gradients`, members in the same order, as they are; memory: `scope.state`. */
  update(scope: Scope, params: Pack, options: Now & { readonly gradients: Pack }): void;
}

/** Whether weight decay pulls on a tensor of this shape: matrices yes, biases and norms no. Source: GPT-2's trainers. */
export function decays(shape: Shape): boolean {
  return shape.length >= 2;
}

/** Elements of a pack, counted from its beginning, that lie before the first member that does not decay. */
export function decayedElements({ tensor, members }: Pack): number {
  const end = members.find(({ shape }) => !decays(shape));
  return end === undefined ? tensor.shape[0] : end.offset / 4;
}

/**
 * Parameters in groups, each to be a pack of at most `packBytes`, or of one parameter that is larger. Those that stand
 * `apart` come last, in groups of their own; those that decay come first among their like, otherwise the order stays.
 * Throws RangeError unless packBytes is above 0.
 */
export function parameterGroups(
  parameters: readonly NamedSpec[],
  { packBytes, apart = () => false }: {
    readonly packBytes: number;
    readonly apart?: ((parameter: NamedSpec) => boolean) | undefined;
  },
): readonly (readonly NamedSpec[])[] {
  if (!(packBytes > 0)) {
    throw new RangeError(`Cannot lay parameters into packs of ${packBytes} bytes: wanted a number above 0`);
  }
  return [false, true].flatMap((side) => packed(parameters.filter((p) => apart(p) === side), packBytes));
}

function packed(parameters: readonly NamedSpec[], packBytes: number): NamedSpec[][] {
  const [decayed, rest] = [true, false].map((yes) => parameters.filter(({ shape }) => decays(shape) === yes));
  const groups: NamedSpec[][] = [];
  let room = 0;
  for (const parameter of [...decayed, ...rest]) {
    const bytes = slotBytes(parameter);
    if (groups.length > 0 && bytes <= room) groups[groups.length - 1].push(parameter);
    else {
      groups.push([parameter]);
      room = packBytes;
    }
    room -= bytes;
  }
  return groups;
}
