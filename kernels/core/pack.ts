/**
 * Packs: persistent tensors laid end to end in one memory, so that one call can go over all of them.
 *
 * @module
 */
import { slotAlignment } from "./program.ts";
import { bytesOf, ShapeError, type Spec, type Tensor } from "./tensor.ts";

/** A tensor by name. */
export interface NamedSpec extends Spec {
  /** Its leaf's label. */
  readonly label: string;
}

/** A tensor in a pack. */
export interface Member extends NamedSpec {
  /** Bytes from the pack's beginning, a multiple of 256. */
  readonly offset: number;
}

/**
 * A persistent leaf that is other leaves laid end to end. All programs of a session find the members within it, also
 * those that know nothing of the pack; `read` and `write` take members by their own labels.
 */
export interface Pack {
  /** f32 [N], all of it; the elements between members are zeros, and a call must leave zeros there. */
  readonly tensor: Tensor;
  /** In order. One by itself, with its shape: `graph.leaf(member.label, member, pack.tensor.kind)`. */
  readonly members: readonly Member[];
}

/** Places tensors end to end. Throws ShapeError for none, for one twice and for what is not f32. */
export function placeMembers(
  label: string,
  specs: readonly NamedSpec[],
): { readonly members: readonly Member[]; readonly bytes: number } {
  if (specs.length === 0) {
    throw new ShapeError(`Cannot make pack ${label} of nothing: wanted one tensor or more`);
  }
  const seen = new Set<string>();
  let bytes = 0;
  const members = specs.map((spec) => {
    if (seen.has(spec.label)) throw new ShapeError(`Cannot make pack ${label}: ${spec.label} is in it twice`);
    if (spec.dtype !== "f32") {
      throw new ShapeError(`Cannot make pack ${label}: ${spec.label} is ${spec.dtype}, wanted f32`);
    }
    seen.add(spec.label);
    const member = { label: spec.label, shape: spec.shape, dtype: spec.dtype, offset: bytes };
    bytes += packedBytes(spec);
    return member;
  });
  return { members, bytes };
}

/** Bytes that a tensor takes in a pack: a member begins where a WebGPU binding may. */
export function packedBytes(spec: Spec): number {
  return Math.ceil(bytesOf(spec) / slotAlignment) * slotAlignment;
}
