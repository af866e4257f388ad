/**
 * Finds the documents to remove in one process: compares all buckets, then clusters the documents. Several
 * processes do the same in steps, by `compareBucket` and `clusterDocuments`.
 *
 * @module
 */
import { checkMemory, clusterMemory, type ClusterOptions, clusterSets } from "./cluster_documents.ts";
import { comparableSets, compareSets } from "./compare_bucket.ts";

/**
 * Number of documents, number of adjacent pairs of entries that have equal signatures in a sorted bucket, and
 * number of documents to remove.
 */
export type DuplicateCounts = Readonly<{ documents: number; pairs: number; removed: number }>;

/**
 * Finds the duplicates among all sets in a folder and writes `RRRRRR.remove` for each rank R, atomically. The
 * document indices in the file ascend. The result depends only on the documents and their order. What another
 * process has done before is not repeated.
 *
 * Throws RangeError if memory is too small or the signatures of the sets were made with different options,
 * Deno.errors.InvalidData for files that are truncated, out of order or changed.
 */
export async function findDuplicates(options: ClusterOptions): Promise<DuplicateCounts> {
  const sets = comparableSets(options.dir);
  checkMemory(sets, options.memory ?? clusterMemory);
  for (let bucket = 0; bucket < sets[0].buckets; bucket++) await compareSets({ ...options, bucket }, sets);
  const { pairs, ranks } = await clusterSets(options, sets);
  const sum = (count: "documents" | "removed") => ranks.reduce((sum, rank) => sum + rank[count], 0);
  return { documents: sum("documents"), pairs, removed: sum("removed") };
}
