/**
 * Compares sorted signatures: for each bucket, the files of all sets are merged in sorted order, and adjacent
 * entries with equal signatures are pairs of near-duplicates. The buckets do not depend on each other, so
 * that several processes can compare them at the same time.
 *
 * @module
 */
import { pause } from "./pause.ts";
import { type PairsSummary, readPairsSummary, signaturesDigest, writePairs } from "./pairs_file.ts";
import { mergeSignatures, SignatureReader } from "./signature_reader.ts";
import { comparedFields, readSignatureSets, type SignatureSet } from "./signature_set.ts";
import { signaturePath } from "./sort_signatures.ts";

/** Number of records between two pauses for the event loop. */
export const PAUSE = 1 << 16;

/** Largest number of documents, which have 32-bit numbers. */
const MAX_DOCUMENTS = 2 ** 32;

/** Which bucket is compared, and how much memory may be used. */
export interface CompareBucketOptions {
  /** Folder of the sorted signatures, in which the pairs are written too. */
  readonly dir: string;
  /** Index of the bucket, starting at 0. */
  readonly bucket: number;
  /**
   * Memory limit in bytes for records (default 512 MiB), which all sets share; one record of each set is kept
   * in any case.
   */
  readonly memory?: number;
  /** Signal that aborts the comparison. */
  readonly signal?: AbortSignal;
}

/**
 * Compares the signatures of all sets in a bucket and writes the pairs, unless that was done before. Opens
 * one file at a time, however many sets there are. Throws RangeError if the signatures of the sets were made
 * with different options, Deno.errors.InvalidData for files that are truncated, out of order or changed.
 */
export async function compareBucket(options: CompareBucketOptions): Promise<PairsSummary> {
  return await compareSets(options, comparableSets(options.dir));
}

/** Compares a bucket of sets that have been read and checked: see `compareBucket`. */
export async function compareSets(
  { dir, bucket, memory = 512 * 2 ** 20, signal }: CompareBucketOptions,
  sets: readonly SignatureSet[],
): Promise<PairsSummary> {
  const place = { dir, bucket }, digest = signaturesDigest(sets, bucket);
  const done = readPairsSummary(place, digest);
  if (done !== null) return done;
  const starts = firstNumbers(sets), startOf = new Map(sets.map(({ rank }, i) => [rank, starts[i]]));
  const buffer = Math.min(2 ** 20, Math.floor(memory / sets.length));
  const readers = sets.map(({ rank, rows, signed, documents, sums }) => {
    const path = signaturePath(dir, { bucket, rank });
    return new SignatureReader({
      path,
      rows,
      records: signed,
      documents,
      rank,
      buffer,
      sha256: sums[bucket],
    });
  });
  return await writePairs(place, digest, async (add) => {
    const hashes = new Uint32Array(2 * sets[0].rows);
    let last = -1, read = 0;
    for (const { words, at, document, rank } of mergeSignatures(readers)) {
      const number = startOf.get(rank)! + document;
      let same = last >= 0;
      for (let i = 0; i < hashes.length; i++) {
        if (hashes[i] === words[at + i]) continue;
        hashes[i] = words[at + i];
        same = false;
      }
      if (same) add(last, number);
      last = number;
      if (++read % PAUSE === 0) await pause(signal);
    }
  });
}

/** Returns the buckets that have not been compared since their documents were signed. */
export function uncomparedBuckets(dir: string): readonly number[] {
  const sets = comparableSets(dir);
  return Array.from({ length: sets[0].buckets }, (_, bucket) => bucket)
    .filter((bucket) => readPairsSummary({ dir, bucket }, signaturesDigest(sets, bucket)) === null);
}

/** Returns, for each set, the number of its first document among the documents of all sets. */
export function firstNumbers(sets: readonly SignatureSet[]): readonly number[] {
  let before = 0;
  return sets.map(({ documents }) => (before += documents) - documents);
}

/**
 * Returns the sets in a folder. Throws RangeError if there are none, if they were made with different
 * options, or if they have too many documents.
 */
export function comparableSets(dir: string): readonly SignatureSet[] {
  const sets = readSignatureSets(dir);
  if (sets.length === 0) {
    throw new RangeError(`Cannot find duplicates in ${dir}: it contains no signatures: sign documents first`);
  }
  for (const set of sets) {
    const name = comparedFields.find((name) => set[name] !== sets[0][name]);
    if (name === undefined) continue;
    throw new RangeError(
      `Cannot compare the signatures in ${dir}: ${name} is ${sets[0][name]} in rank ${sets[0].rank} and ` +
        `${set[name]} in rank ${set.rank}: sign all documents with the same options`,
    );
  }
  const documents = sets.reduce((sum, { documents }) => sum + documents, 0);
  if (documents > MAX_DOCUMENTS) {
    throw new RangeError(
      `Cannot compare ${documents} documents in ${dir}: at most ${MAX_DOCUMENTS} have numbers: ` +
        `deduplicate one crawl at a time, as FineWeb does`,
    );
  }
  return sets;
}
