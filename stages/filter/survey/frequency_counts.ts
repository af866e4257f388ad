/**
 * Counts the occurrences of each kind in bounded memory. When there are too many kinds, all counts are
 * reduced by the same number, and kinds whose count falls to 0 are removed. A count is too small by at most
 * `missed`.
 * Source: after Misra and Gries 1982, "Finding repeated elements".
 *
 * @module
 */

/** Counts by kind, as plain data that can be saved. */
export type FrequencyCounts = {
  /** Number of occurrences of each kind. */
  counts: Record<string, number>;
  /** Number of kinds in `counts`. */
  kinds: number;
  /**
   * Largest possible error of a count: it can be too small by at most this number, and is never too large.
   */
  missed: number;
};

/** Empty counts. */
export function noCounts(): FrequencyCounts {
  return { counts: {}, kinds: 0, missed: 0 };
}

/** Counts one occurrence of `kind`, keeping at most `maxKinds` kinds. */
export function countOne(
  into: FrequencyCounts,
  { kind, maxKinds }: { readonly kind: string; readonly maxKinds: number },
): void {
  if (Object.hasOwn(into.counts, kind)) {
    into.counts[kind]++;
    return;
  }
  if (into.kinds === maxKinds) shrink(into);
  into.counts[kind] = 1;
  into.kinds++;
}

/** Returns the `count` most frequent kinds in descending order, ties sorted by name. */
export function mostFrequent({ counts }: FrequencyCounts, count: number): Record<string, number> {
  const sorted = Object.entries(counts).sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  return Object.fromEntries(sorted.slice(0, count));
}

/**
 * Reduces all counts so that at least the rarest tenth of the kinds is removed. Removing only the rarest kind
 * would make each new kind cost a pass over all counts.
 */
function shrink(into: FrequencyCounts): void {
  const sorted = Object.values(into.counts).sort((a, b) => a - b);
  const by = sorted[Math.floor(sorted.length / 10)];
  into.counts = Object.fromEntries(
    Object.entries(into.counts).flatMap(([kind, count]) => count > by ? [[kind, count - by]] : []),
  );
  into.kinds = Object.keys(into.counts).length;
  into.missed += by;
}
