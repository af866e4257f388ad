/**
 * Generated pairs of word lists with known similarity, for MinHash's test and plot.
 *
 * @module
 */
import { philox } from "../kernels/random/philox.ts";

/** Two lists of words, and the Jaccard similarity of their five-word shingles. */
export type WordListPair = Readonly<{ one: readonly string[]; other: readonly string[]; similarity: number }>;

/**
 * Generates the pair with this index for a seed: 120 random words, and the same words with some of them
 * replaced. The similarities of the pairs range from 0 to 1.
 */
export function nearDuplicates(seed: number, index: number): WordListPair {
  const one = Array.from({ length: 120 }, (_, i) => word(philox(seed, "words", 1000 * index + i)[0]));
  const [draw, ...rest] = philox(seed, "replaced", index);
  const count = draw % 13; // each replaced word changes five shingles
  const other = [...one];
  for (let i = 0; i < count; i++) {
    const place = philox(seed + rest[0], "places", i)[0] % other.length;
    other[place] = word(philox(seed + rest[1], "new words", i)[0]);
  }
  return { one, other, similarity: jaccard(shingles(one), shingles(other)) };
}

/**
 * Returns the expected fraction of the pairs of similarity `s` that agree in at least one bucket. These are
 * the pairs that MinHash finds.
 */
export function recall(
  s: number,
  { buckets, rows }: { readonly buckets: number; readonly rows: number },
): number {
  return 1 - (1 - s ** rows) ** buckets;
}

function word(number: number): string {
  return number.toString(36);
}

function shingles(words: readonly string[]): Set<string> {
  return new Set(Array.from({ length: words.length - 4 }, (_, i) => words.slice(i, i + 5).join(" ")));
}

function jaccard(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const common = a.intersection(b).size;
  return common / (a.size + b.size - common);
}
