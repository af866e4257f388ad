/**
 * Joins the pairs of near-duplicates of all buckets into clusters. All documents of a cluster except its root
 * are removed. One process does this, because a cluster may hold documents of all ranks.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { countAddressesBefore } from "./address_log.ts";
import { comparableSets, firstNumbers, PAUSE } from "./compare_bucket.ts";
import { readPairs, readPairsSummary, signaturesDigest } from "./pairs_file.ts";
import { pause } from "./pause.ts";
import {
  areOf,
  type ClustersSummary,
  type RankClusters,
  readClusters,
  removalPath,
  writeClusters,
} from "./removal.ts";
import type { SignatureSet } from "./signature_set.ts";
import { Clusters } from "./union_find.ts";
import { writeInParts } from "./whole_io.ts";

/** Default memory limit in bytes. */
export const clusterMemory: number = 512 * 2 ** 20;

/** Where the sets are, and how much memory may be used. */
export interface ClusterOptions {
  /** Folder of the sorted signatures and of the pairs, to which the result files are written. */
  readonly dir: string;
  /** Memory limit in bytes (default 512 MiB); at least 8 bytes per document are needed. */
  readonly memory?: number;
  /** Signal that aborts the search. */
  readonly signal?: AbortSignal;
}

/**
 * Clusters the documents of all sets after `compareBucket` has compared every bucket. Writes `RRRRRR.remove`
 * for each rank R and finally `clusters.json`, unless that was done before. The result depends only on the
 * documents and their order.
 *
 * Throws RangeError if memory is too small, Deno.errors.NotFound if a bucket has not been compared, and
 * Deno.errors.InvalidData for pairs that are truncated or changed.
 */
export async function clusterDocuments(options: ClusterOptions): Promise<ClustersSummary> {
  return await clusterSets(options, comparableSets(options.dir));
}

/** Clusters the documents of sets that have been read and checked: see `clusterDocuments`. */
export async function clusterSets(
  { dir, memory = clusterMemory, signal }: ClusterOptions,
  sets: readonly SignatureSet[],
): Promise<ClustersSummary> {
  const digests = Array.from({ length: sets[0].buckets }, (_, bucket) => signaturesDigest(sets, bucket));
  const signatures = createHash("sha256").update(digests.join()).digest("hex");
  const done = readClusters(dir);
  if (done !== null && done.signatures === signatures && areOf(done, sets)) return done;
  checkMemory(sets, memory);
  const clusters = new Clusters(sets.reduce((sum, { documents }) => sum + documents, 0), sets[0].recipe);
  let pairs = 0;
  for (const [bucket, digest] of digests.entries()) {
    const summary = readPairsSummary({ dir, bucket }, digest);
    if (summary === null) {
      throw new Deno.errors.NotFound(
        `Cannot cluster the documents in ${dir}: bucket ${bucket} has not been compared since they were signed: compare it first`,
      );
    }
    for (const part of readPairs({ dir, bucket }, summary)) {
      for (let i = 0; i < part.length; i += 2) clusters.join(part[i], part[i + 1]);
      await pause(signal);
    }
    pairs += summary.pairs;
  }
  const starts = firstNumbers(sets), ranks: RankClusters[] = [];
  const isKept = (number: number): boolean => clusters.root(number) === number;
  const before = countAddressesBefore(sets, { dir, isKept: (i, document) => isKept(starts[i] + document) });
  for (const [i, { rank, documents }] of sets.entries()) {
    const list = await writeRemoval(removalPath(dir, rank), {
      documents,
      isKept: (document) => isKept(starts[i] + document),
      ...(signal && { signal }),
    });
    ranks.push({ rank, documents, ...list, addresses: before?.[i] ?? null });
  }
  const summary = { signatures, pairs, ranks };
  writeClusters(dir, summary);
  return summary;
}

/** Writes the list of the documents of one rank that are not kept, atomically. */
async function writeRemoval(
  path: string,
  { documents, isKept, signal }: {
    readonly documents: number;
    isKept(document: number): boolean;
    readonly signal?: AbortSignal;
  },
): Promise<Pick<RankClusters, "removed" | "sha256">> {
  const hash = createHash("sha256"), number = new Uint32Array(1), bytes = new Uint8Array(number.buffer);
  let removed = 0;
  await writeInParts(path, async (write) => {
    for (let document = 0; document < documents; document++) {
      if (document % PAUSE === 0) await pause(signal);
      if (isKept(document)) continue;
      number[0] = document;
      hash.update(bytes);
      write(bytes);
      removed++;
    }
  });
  return { removed, sha256: hash.digest("hex") };
}

/** Throws RangeError if the clusters do not fit into the memory. */
export function checkMemory(sets: readonly SignatureSet[], memory: number): void {
  const documents = sets.reduce((sum, { documents }) => sum + documents, 0), needed = 8 * documents;
  if (needed <= memory) return;
  throw new RangeError(
    `Cannot find the duplicates of ${documents} documents in ${memory} bytes of memory: ` +
      `allow at least ${needed} bytes`,
  );
}
