/**
 * Placement of temporary tensors in an arena. A segment tree over time finds the offsets that are occupied
 * during a lifetime, so planning thousands of tensors does not compare every pair of them.
 *
 * @module
 */

/** Memory that is needed for part of a program. */
export interface Allocation {
  /** Index of the first call that uses the memory. */
  readonly first: number;
  /** Index of the last call that uses the memory. */
  readonly last: number;
  /** Size in bytes. */
  readonly bytes: number;
}

/** Offsets of allocations, and how much work it took to find them. */
export interface Placement<P extends Allocation> {
  /** Allocations with their offsets, in the order in which they were placed. */
  readonly placed: readonly (P & { readonly offset: number })[];
  /** Number of occupied ranges that were examined; grows slightly faster than the number of allocations. */
  readonly examined: number;
}

/** Occupied offsets, from `start` up to but not including `end`. */
type OffsetRange = readonly [start: number, end: number];

/**
 * Places allocations, the largest first, each at the lowest offset that is free during its whole lifetime. No
 * allocation crosses a multiple of `chunkBytes`.
 */
export function placeInArena<P extends Allocation>(
  allocations: readonly P[],
  chunkBytes = Infinity,
): Placement<P> {
  const occupied = new OccupiedRanges(allocations.reduce((end, { last }) => Math.max(end, last + 1), 1));
  const withinChunk = (offset: number, bytes: number): number =>
    offset % chunkBytes + bytes > chunkBytes ? Math.ceil(offset / chunkBytes) * chunkBytes : offset;
  const bySize = [...allocations].sort((a, b) => b.bytes - a.bytes || a.first - b.first);
  const placed = bySize.map((allocation) => {
    let offset = 0;
    for (const [start, end] of occupied.during(allocation)) {
      if (start - offset >= allocation.bytes) break;
      offset = withinChunk(Math.max(offset, end), allocation.bytes);
    }
    occupied.add(allocation, [offset, offset + allocation.bytes]);
    return { ...allocation, offset };
  });
  return { placed, examined: occupied.examined };
}

/**
 * The occupied ranges of an arena over time: a segment tree whose nodes are intervals of time. `touching`
 * holds the ranges that are occupied at some moment of a node's interval. `whole` holds the ranges that are
 * occupied during the whole interval and are not already in a parent's `whole`. Adjacent ranges are merged;
 * arenas are packed densely, so lists stay short.
 */
class OccupiedRanges {
  readonly #touching = new Map<number, OffsetRange[]>();
  readonly #whole = new Map<number, OffsetRange[]>();
  readonly #moments: number;
  examined = 0;

  constructor(moments: number) {
    this.#moments = 2 ** Math.ceil(Math.log2(moments));
  }

  /** Marks a range as occupied during a lifetime. */
  add({ first, last }: Allocation, range: OffsetRange): void {
    const walk = (node: number, from: number, to: number): void => {
      if (last < from || to < first) return;
      this.#merge(this.#touching, { node, range });
      if (first <= from && to <= last) return this.#merge(this.#whole, { node, range });
      const middle = (from + to) >> 1;
      walk(2 * node, from, middle);
      walk(2 * node + 1, middle + 1, to);
    };
    walk(1, 0, this.#moments - 1);
  }

  /** Returns ranges that are occupied at some moment of the allocation's lifetime, sorted by their starts. */
  during({ first, last }: Allocation): readonly OffsetRange[] {
    const ranges: OffsetRange[] = [];
    const walk = (node: number, from: number, to: number): void => {
      if (last < from || to < first) return;
      const inside = first <= from && to <= last;
      ranges.push(...(inside ? this.#touching : this.#whole).get(node) ?? []);
      if (inside) return;
      const middle = (from + to) >> 1;
      walk(2 * node, from, middle);
      walk(2 * node + 1, middle + 1, to);
    };
    walk(1, 0, this.#moments - 1);
    this.examined += ranges.length;
    return ranges.sort((a, b) => a[0] - b[0]);
  }

  #merge(
    lists: Map<number, OffsetRange[]>,
    { node, range: [start, end] }: { node: number; range: OffsetRange },
  ): void {
    const list = lists.get(node);
    if (list === undefined) {
      lists.set(node, [[start, end]]);
      return;
    }
    let at = 0;
    while (at < list.length && list[at][1] < start) at++;
    let after = at;
    while (after < list.length && list[after][0] <= end) {
      [start, end] = [Math.min(start, list[after][0]), Math.max(end, list[after][1])];
      after++;
    }
    this.examined += after;
    list.splice(at, after - at, [start, end]);
  }
}
