/**
 * Counts what occurs, in bounded memory: when there are too many kinds, all counts sink by the smallest and what is
 * at nothing goes. So whatever makes up more than a share of 1 / `most` is there, its count too small by `missed` at
 * most. Source: Misra and Gries 1982, "Finding repeated elements".
 *
 * @module
 */

/** The counts, as plain data that can be saved. */
export type FrequencyCounts = {
  /** By kind. */
  counts: Record<string, number>;
  /** Kinds in `counts`. */
  kinds: number;
  /** By how much a count may be too small. */
  missed: number;
};

/** Nothing counted yet. */
export function noCounts(): FrequencyCounts {
  return { counts: {}, kinds: 0, missed: 0 };
}

/** Counts one more of a kind; at most `most` kinds are kept. */
export function countOne(
  into: FrequencyCounts,
  { kind, most }: { readonly kind: string; readonly most: number },
): void {
  if (Object.hasOwn(into.counts, kind)) {
    into.counts[kind]++;
    return;
  }
  if (into.kinds === most) shrink(into);
  into.counts[kind] = 1;
  into.kinds++;
}

/** The most frequent kinds, most frequent first, of equals by name. */
export function mostFrequent({ counts }: FrequencyCounts, count: number): Record<string, number> {
  const sorted = Object.entries(counts).sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
  return Object.fromEntries(sorted.slice(0, count));
}

/** Makes room: a tenth of the kinds goes at once, for sinking by one at a time would cost as much as counting. */
function shrink(into: FrequencyCounts): void {
  const sorted = Object.values(into.counts).sort((a, b) => a - b);
  const by = sorted[Math.floor(sorted.length / 10)];
  into.counts = Object.fromEntries(
    Object.entries(into.counts).flatMap(([kind, count]) => count > by ? [[kind, count - by]] : []),
  );
  into.kinds = Object.keys(into.counts).length;
  into.missed += by;
}
