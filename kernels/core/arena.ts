/**
 * Placing pieces of memory that live for a while: which offsets are taken over a time is asked of a segment tree over
 * time, so a plan of thousands of pieces takes no look at every pair of them.
 *
 * @module
 */

/** A piece of memory: its size, and the first and last moment at which it is touched. */
export interface Allocation {
  readonly first: number;
  readonly last: number;
  readonly bytes: number;
}

/** Where pieces were placed, and how much work that was. */
export interface Placement<P extends Allocation> {
  /** In the order of placing. */
  readonly placed: readonly (P & { readonly offset: number })[];
  /** Taken ranges that were looked at; grows a little faster than the number of pieces. */
  readonly looked: number;
}

/** Taken offsets from `start` up to `end`. */
type OffsetRange = readonly [start: number, end: number];

/** Largest first, each at the lowest offset free over its whole life, across no multiple of `chunkBytes`. */
export function placeInArena<P extends Allocation>(
  pieces: readonly P[],
  chunkBytes = Infinity,
): Placement<P> {
  const taken = new OccupiedRanges(pieces.reduce((end, { last }) => Math.max(end, last + 1), 1));
  const clear = (offset: number, bytes: number): number =>
    offset % chunkBytes + bytes > chunkBytes ? Math.ceil(offset / chunkBytes) * chunkBytes : offset;
  const bySize = [...pieces].sort((a, b) => b.bytes - a.bytes || a.first - b.first);
  const placed = bySize.map((piece) => {
    let offset = 0;
    for (const [start, end] of taken.during(piece)) {
      if (start - offset >= piece.bytes) break;
      offset = clear(Math.max(offset, end), piece.bytes);
    }
    taken.add(piece, [offset, offset + piece.bytes]);
    return { ...piece, offset };
  });
  return { placed, looked: taken.looked };
}

/**
 * Taken ranges over time. A node stands for a stretch of time; `touching` are the ranges taken somewhere in it, `whole`
 * those taken by pieces that live through all of it and were not put into a node above. Ranges that meet are joined: as
 * arenas are packed densely, lists stay short.
 */
class OccupiedRanges {
  readonly #touching = new Map<number, OffsetRange[]>();
  readonly #whole = new Map<number, OffsetRange[]>();
  readonly #moments: number;
  looked = 0;

  constructor(moments: number) {
    this.#moments = 2 ** Math.ceil(Math.log2(moments));
  }

  /** Takes a range for a life. */
  add({ first, last }: Allocation, range: OffsetRange): void {
    const walk = (node: number, from: number, to: number): void => {
      if (last < from || to < first) return;
      this.#join(this.#touching, { node, range });
      if (first <= from && to <= last) return this.#join(this.#whole, { node, range });
      const middle = (from + to) >> 1;
      walk(2 * node, from, middle);
      walk(2 * node + 1, middle + 1, to);
    };
    walk(1, 0, this.#moments - 1);
  }

  /** Ranges taken at any moment of a life, by start. */
  during({ first, last }: Allocation): readonly OffsetRange[] {
    const found: OffsetRange[] = [];
    const walk = (node: number, from: number, to: number): void => {
      if (last < from || to < first) return;
      const inside = first <= from && to <= last;
      found.push(...(inside ? this.#touching : this.#whole).get(node) ?? []);
      if (inside) return;
      const middle = (from + to) >> 1;
      walk(2 * node, from, middle);
      walk(2 * node + 1, middle + 1, to);
    };
    walk(1, 0, this.#moments - 1);
    this.looked += found.length;
    return found.sort((a, b) => a[0] - b[0]);
  }

  #join(
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
    this.looked += after;
    list.splice(at, after - at, [start, end]);
  }
}
