/**
 * Packs: persistent tensors laid end to end in one region of memory, so that one call can update all of them.
 *
 * @module
 */
import { ShapeError, slotBytes, type Spec } from "./tensor.ts";

/** A named tensor. */
export interface NamedSpec extends Spec {
  /** Label of the tensor's leaf. */
  readonly label: string;
}

/** A tensor in a pack. */
export interface PackMember extends NamedSpec {
  /** Offset from the start of the pack, in bytes; a multiple of `slotAlignment`. */
  readonly offset: number;
}

/**
 * Places tensors end to end. Throws ShapeError if there is no tensor, if a tensor is listed twice, or if a
 * tensor is not f32.
 */
export function placeMembers(
  label: string,
  specs: readonly NamedSpec[],
): { readonly members: readonly PackMember[]; readonly bytes: number } {
  if (specs.length === 0) {
    throw new ShapeError(`Cannot make pack ${label} of no tensors: it needs at least one`);
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
    bytes += slotBytes(spec);
    return member;
  });
  return { members, bytes };
}
