/**
 * The persistent memory of a session: the regions that an engine allocates, and that its programs share by
 * label.
 *
 * @module
 */
import type { NamedSpec, PackMember } from "./pack.ts";
import { isPersistent, type Program } from "./program.ts";
import { type MemoryKind, ShapeError, sizeOf, slotBytes, type Spec } from "./tensor.ts";

/** A piece of persistent memory: a pack, or a tensor that belongs to no pack. */
export interface MemoryRegion extends NamedSpec {
  /** What the memory is for. */
  readonly kind: MemoryKind;
  /** The tensors in it: the members of the pack, or the one tensor. */
  readonly members: readonly PackMember[];
}

/**
 * Returns all persistent memory of some programs, each region once: first packs, then other tensors, in the
 * programs' order. Throws ShapeError if programs use one label for different tensors or packs.
 */
export function regionsOf(programs: readonly Program[]): readonly MemoryRegion[] {
  const regions = new Map<string, MemoryRegion>();
  const known = new Map<string, Spec>();
  for (const { tensor, members } of programs.flatMap((program) => program.packs)) {
    const { label, kind, shape, dtype } = tensor, same = regions.get(label);
    if (same !== undefined) {
      if (contents(same.members) === contents(members)) continue;
      throw new ShapeError(
        `Cannot share pack ${label} between programs: it holds ${contents(same.members)} in one, ` +
          `${contents(members)} in another`,
      );
    }
    for (const member of members) {
      if (known.has(member.label)) {
        throw new ShapeError(`Cannot place ${member.label}: it is in two packs, one of them ${label}`);
      }
      known.set(member.label, member);
    }
    known.set(label, tensor);
    regions.set(label, { label, kind, shape, dtype, members });
  }
  for (const { tensor, label, kind } of programs.flatMap((program) => program.slots)) {
    if (!isPersistent(kind)) continue;
    const { shape, dtype } = tensor, same = known.get(label);
    if (same === undefined) {
      known.set(label, tensor);
      regions.set(label, { label, kind, shape, dtype, members: [{ label, shape, dtype, offset: 0 }] });
    } else if (same.dtype !== dtype || sizeOf(same.shape) !== sizeOf(shape)) {
      throw new ShapeError(
        `Cannot share ${label} between programs: it is ${same.dtype} [${same.shape}] in one, ${dtype} [${shape}] in another`,
      );
    }
  }
  return [...regions.values()];
}

/**
 * Returns the number of bytes of each kind of memory that a session with these programs needs. Each region
 * and the arena count once, although programs share them.
 */
export function memoryByKind(programs: readonly Program[]): Record<MemoryKind, number> {
  const sum: Record<MemoryKind, number> = {
    input: 0,
    output: 0,
    parameter: 0,
    gradient: 0,
    optimizer: 0,
    cache: 0,
    activation: Math.max(0, ...programs.map((p) => p.arenaBytes)),
    workspace: 0,
  };
  for (const region of regionsOf(programs)) {
    sum[region.kind] += slotBytes(region);
  }
  return sum;
}

function contents(members: readonly PackMember[]): string {
  return members.map(({ label, shape }) => `${label} [${shape}]`).join(", ");
}
