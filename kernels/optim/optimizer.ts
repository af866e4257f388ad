/**
 * The interface of optimizers. An optimizer adds the update of the parameters to a graph, so it runs on every
 * engine.
 *
 * @module
 */
import type { Pack, Tensor } from "../core/graph.ts";
import type { NamedSpec } from "../core/pack.ts";
import type { Scope } from "../core/scope.ts";
import { type Shape, slotBytes } from "../core/tensor.ts";

/** Inputs from which an optimizer computes an update. */
export interface UpdateInputs {
  /** Gradients of the parameters, a pack [N] whose members are in the order of the parameters. */
  readonly gradients: Pack;
  /** Learning rate of this update, f32 [1]. */
  readonly learningRate: Tensor;
  /** Number of the update, counted from 1, f32 [1]. */
  readonly step: Tensor;
  /** Factor that clips the gradients when they are multiplied by it, f32 [1]. */
  readonly scale: Tensor;
}

/**
 * A rule that updates parameters. It gets them as packs, in the order of `parameterGroups`.
 *
 * A rule that treats each element by itself (such as AdamW) updates a pack's tensor in one call. A rule that
 * works on matrices (such as Muon) loops over `params.members`: `graph.leaf(member.label, member,
 * "parameter")` is one matrix, stored in its pack, and `gradients.members` has its gradient at the same
 * index. `separate` keeps these matrices out of the other packs, which are then still updated in one call
 * each.
 */
export interface Optimizer {
  /** Name of the optimizer, as given to `--optimizer`. */
  readonly name: string;
  /**
   * Whether a parameter is stored in separate packs, which hold only such parameters. Default: false for all
   * parameters.
   */
  separate?(parameter: NamedSpec): boolean;
  /**
   * Updates `params` in place and leaves the gradients unchanged. The optimizer creates its state with
   * `scope.state`.
   */
  update(scope: Scope, params: Pack, inputs: UpdateInputs): void;
}

/**
 * Returns whether weight decay applies to a tensor of this shape: to matrices, but not to biases and norms,
 * as in nanoGPT and llm.c.
 */
export function decays(shape: Shape): boolean {
  return shape.length >= 2;
}

/**
 * Returns the number of elements of a pack before its first member without weight decay; the members with
 * weight decay come first in a pack.
 */
export function decayedElements({ tensor, members }: Pack): number {
  const end = members.find(({ shape }) => !decays(shape));
  return end === undefined ? tensor.shape[0] : end.offset / 4;
}

/**
 * Divides parameters into groups that each become a pack of at most `packBytes`; a larger parameter gets a
 * group of its own. Groups of `separate` parameters come last. Among the separate parameters, and among the
 * others, those with weight decay come first; otherwise the order is unchanged. Throws RangeError unless
 * `packBytes` is above 0.
 */
export function parameterGroups(
  parameters: readonly NamedSpec[],
  { packBytes, separate = () => false }: {
    readonly packBytes: number;
    readonly separate?: ((parameter: NamedSpec) => boolean) | undefined;
  },
): readonly (readonly NamedSpec[])[] {
  if (!(packBytes > 0)) {
    throw new RangeError(`Cannot lay parameters into packs of ${packBytes} bytes: wanted a number above 0`);
  }
  return [false, true].flatMap((kind) => packed(parameters.filter((p) => separate(p) === kind), packBytes));
}

function packed(parameters: readonly NamedSpec[], packBytes: number): NamedSpec[][] {
  const [decayed, rest] = [true, false].map((yes) => parameters.filter(({ shape }) => decays(shape) === yes));
  const groups: NamedSpec[][] = [];
  let free = 0; // bytes left in the group that is being filled
  for (const parameter of [...decayed, ...rest]) {
    const bytes = slotBytes(parameter);
    if (groups.length > 0 && bytes <= free) groups[groups.length - 1].push(parameter);
    else {
      groups.push([parameter]);
      free = packBytes;
    }
    free -= bytes;
  }
  return groups;
}
