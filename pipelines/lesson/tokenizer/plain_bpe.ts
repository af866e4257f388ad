/**
 * Byte-pair encoding in the plainest words: what minbpe's first exercise asks for. Quadratic; `stages/token` is the same
 * quickly. Source: karpathy/minbpe base.py.
 *
 * @module
 */

/** Two neighbours, and how often they were met. */
export interface PairCount {
  readonly left: number;
  readonly right: number;
  readonly count: number;
}

/** Counts of all neighbours, the most frequent first; of equals the one met first. */
export function pairCounts(ids: readonly number[]): PairCount[] {
  const counts = new Map<string, { left: number; right: number; count: number }>();
  for (let i = 0; i + 1 < ids.length; i++) {
    const [left, right] = [ids[i], ids[i + 1]];
    const pair = counts.get(`${left} ${right}`);
    if (pair === undefined) counts.set(`${left} ${right}`, { left, right, count: 1 });
    else pair.count++;
  }
  return [...counts.values()].sort((a, b) => b.count - a.count); // a stable sort: the first met stays first
}

/** The ids with every `left right`, from the left, replaced by `id`. */
export function mergePair(ids: readonly number[], { left, right }: PairCount, id: number): number[] {
  const merged: number[] = [];
  for (let i = 0; i < ids.length; i++) {
    if (ids[i] === left && ids[i + 1] === right) {
      merged.push(id);
      i++;
    } else {
      merged.push(ids[i]);
    }
  }
  return merged;
}

/** One step of training. */
export interface MergeStep extends PairCount {
  /** The new token. */
  readonly id: number;
  /** The text after the merge. */
  readonly ids: readonly number[];
}

/** Merges the most frequent pair into a new id, `merges` times or until no pair is left. */
export function* plainMerges(
  ids: readonly number[],
  { merges, firstId = 256 }: { readonly merges: number; readonly firstId?: number },
): Generator<MergeStep> {
  for (let id = firstId; id < firstId + merges; id++) {
    const best = pairCounts(ids)[0];
    if (best === undefined) return;
    ids = mergePair(ids, best, id);
    yield { ...best, id, ids };
  }
}
