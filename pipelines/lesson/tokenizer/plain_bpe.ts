/**
 * The simplest byte-pair encoding, as in minbpe's first exercise. This form takes quadratic time;
 * `stages/token` computes the same result faster. Source: karpathy/minbpe base.py.
 *
 * @module
 */

/** A pair of consecutive ids, and its number of occurrences. */
export interface PairCount {
  readonly left: number;
  readonly right: number;
  readonly count: number;
}

/**
 * Counts of all pairs, the most frequent pair first. Equally frequent pairs are in the order of their first
 * occurrence.
 */
export function pairCounts(ids: readonly number[]): PairCount[] {
  const counts = new Map<string, { left: number; right: number; count: number }>();
  for (let i = 0; i + 1 < ids.length; i++) {
    const [left, right] = [ids[i], ids[i + 1]];
    const pair = counts.get(`${left} ${right}`);
    if (pair === undefined) counts.set(`${left} ${right}`, { left, right, count: 1 });
    else pair.count++;
  }
  // The sort is stable, so it keeps the order of first occurrence.
  return [...counts.values()].sort((a, b) => b.count - a.count);
}

/** Replaces each occurrence of a pair by `id`, from left to right. */
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

/** One merge of the training. */
export interface MergeStep extends PairCount {
  /** Id of the new token. */
  readonly id: number;
  /** Ids of the text after the merge. */
  readonly ids: readonly number[];
}

/** Replaces the most frequent pair by a new id, `merges` times or until no pair is left. */
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
