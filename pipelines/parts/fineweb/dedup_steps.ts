/**
 * The steps of FineWeb's deduplication between the filters and the writing: comparing the buckets, which
 * several processes share, and clustering, which one process does.
 *
 * @module
 */
import { clusterDocuments } from "../../../stages/filter/minhash/cluster_documents.ts";
import {
  comparableSets,
  compareBucket,
  uncomparedBuckets,
} from "../../../stages/filter/minhash/compare_bucket.ts";
import { readClusters } from "../../../stages/filter/minhash/removal.ts";
import type { PiiState } from "../../../stages/filter/pii/pii.ts";
import { asSource } from "../../../stages/flow/as_source.ts";
import { type Flow, from } from "../../../stages/flow/flow.ts";
import { stage } from "../../../stages/flow/stage.ts";
import { entriesIn } from "../../../stages/disk/files.ts";
import { exists } from "../../../stages/disk/whole_files.ts";
import { ranksFolder } from "../../cli/resume.ts";
import type { RankWork } from "./rank_work.ts";

/** Folder of the signatures, and how much memory may be used. */
interface Place {
  readonly dir: string;
  /** Memory limit in bytes. */
  readonly memory: number;
}

/**
 * Compares this process's buckets: with `world` processes, bucket b belongs to rank b modulo `world`; without
 * ranks, all buckets belong to the one process. What was compared before is not compared again.
 */
export function comparedBuckets({ dir, memory }: Place, { rank, world }: RankWork): Flow<never> {
  const { buckets } = comparableSets(dir)[0];
  const own = Array.from({ length: buckets }, (_, bucket) => bucket)
    .filter((bucket) => rank === null || bucket % world === rank);
  return from(asSource("buckets", () => own)).pipe(stage<number, never, { pairs: number }>({
    name: "compare",
    open: (_ctx, saved = { pairs: 0 }) => saved,
    async *push(bucket, state, { signal }) {
      state.pairs += (await compareBucket({ dir, bucket, memory, signal })).pairs;
    },
    async *flush({ pairs }, { emit }) {
      emit({ type: "note", text: `compared ${own.length} of ${buckets} buckets: ${pairs} pairs` });
    },
  }));
}

/** Clusters the documents of all ranks. Throws RangeError if a bucket has not been compared. */
export function clusteredDocuments({ dir, memory }: Place, { world }: RankWork): Flow<never> {
  const missing = uncomparedBuckets(dir);
  if (missing.length > 0) {
    throw new RangeError(
      `Cannot cluster the documents: buckets ${missing.join(", ")} have not been compared: ` +
        `first --only buckets, in one process or with --rank R for each of ${world} ranks`,
    );
  }
  return from(asSource("signatures", () => [dir])).pipe(stage<string, never, null>({
    name: "cluster",
    open: () => null,
    async *push(dir, _state, { signal, emit }) {
      const { ranks, pairs } = await clusterDocuments({ dir, memory, signal });
      const sum = (count: "documents" | "removed") => ranks.reduce((all, rank) => all + rank[count], 0);
      const text = `${sum("removed")} of ${sum("documents")} documents are near-duplicates: ${pairs} pairs`;
      emit({ type: "note", text });
    },
  }));
}

/**
 * Returns how many addresses the lower ranks mask, if this process writes the documents of one rank. Throws
 * RangeError if the documents have not been clustered, or if `pii` needs the numbers and they were not
 * counted.
 */
export function addressesBefore(dir: string, { rank, world, stages }: RankWork): PiiState | undefined {
  if (rank === null) return undefined;
  const clusters = readClusters(dir)?.ranks.find((one) => one.rank === rank);
  if (clusters === undefined) {
    throw new RangeError(
      `Cannot write the documents of rank ${rank}: they have not been clustered: ` +
        `first --only buckets --rank R for each rank of ${world}, then --only clusters`,
    );
  }
  if (clusters.addresses === null && stages.includes("pii")) {
    throw new RangeError(
      `Cannot mask the addresses of rank ${rank}: an earlier version has not counted them: leave --rank out`,
    );
  }
  return clusters.addresses ?? undefined;
}

/**
 * Throws RangeError if the documents are being written by one process and by ranks, whose files would have
 * the same names.
 */
export async function checkOneWayToWrite(out: string, { rank }: RankWork): Promise<void> {
  const folder = `${out}/${ranksFolder}`;
  if (!await exists(folder)) return;
  const names = (await entriesIn(folder)).map(({ name }) => name);
  if (rank === null && names.some((name) => name.startsWith("dedup-"))) {
    throw new RangeError(
      `Cannot write the documents in ${out} by one process: ranks have begun to: give --only dedup --rank R for each`,
    );
  }
  if (rank !== null && names.includes("dedup")) {
    throw new RangeError(
      `Cannot write the documents in ${out} by rank: one process has begun to: leave --rank out`,
    );
  }
}
