/**
 * Compares sorted signatures to find the documents to remove. For each bucket, the files of all sets are
 * merged in sorted order, and adjacent entries with equal signatures are joined into clusters. All documents
 * of a cluster except its root are then removed. The result files have datatrove's format: `000000.remove`
 * contains the index of each removed document in 4 bytes, little-endian.
 *
 * @module
 */
import { Clusters } from "./union_find.ts";
import { pause } from "./pause.ts";
import { mergeSignatures, SignatureReader } from "./signature_reader.ts";
import { comparedFields, readSignatureSets, type SignatureSet } from "./signature_set.ts";
import { signaturePath } from "./sort_signatures.ts";
import { writeInParts } from "./whole_io.ts";
import { openFileSync } from "../../disk/files.ts";

const PAUSE = 1 << 16; // records between two pauses for the event loop

/** Where the sets are, and how much memory may be used. */
export interface FindDuplicatesOptions {
  /** Folder of the sorted signatures, to which the result files are written. */
  readonly dir: string;
  /** Memory limit in bytes (default 512 MiB); at least 8 bytes per document are needed. */
  readonly memory?: number;
  /** Signal that aborts the search. */
  readonly signal?: AbortSignal;
}

/**
 * Number of documents, number of adjacent pairs of entries that have equal signatures in a sorted bucket, and
 * number of documents to remove.
 */
export type DuplicateCounts = Readonly<{ documents: number; pairs: number; removed: number }>;

/**
 * Finds the duplicates among all sets in a folder and writes `RRRRRR.remove` for each rank R, atomically. The
 * document indices in the file ascend. The result depends only on the documents and their order.
 *
 * Throws RangeError if memory is too small or the signatures of the sets were made with different options,
 * Deno.errors.InvalidData for files that are truncated, out of order or changed.
 */
export async function findDuplicates(
  { dir, memory = 512 * 2 ** 20, signal }: FindDuplicatesOptions,
): Promise<DuplicateCounts> {
  const sets = readSignatureSets(dir);
  check(sets, { dir, memory });
  const starts: number[] = [];
  let documents = 0;
  for (const set of sets) {
    starts.push(documents);
    documents += set.documents;
  }
  const clusters = new Clusters(documents, sets[0].recipe);
  let pairs = 0;
  for (let bucket = 0; bucket < sets[0].buckets; bucket++) {
    pairs += await joinBucket(clusters, { bucket, sets, starts, dir, memory, ...(signal && { signal }) });
  }
  let removed = 0;
  for (const [i, set] of sets.entries()) {
    await writeInParts(removalPath(dir, set.rank), async (write) => {
      const number = new Uint32Array(1);
      for (let document = 0; document < set.documents; document++) {
        if (document % PAUSE === 0) await pause(signal);
        if (clusters.root(starts[i] + document) === starts[i] + document) continue;
        number[0] = document;
        write(new Uint8Array(number.buffer));
        removed++;
      }
    });
  }
  return { documents, pairs, removed };
}

/** Returns the path of the file that lists the documents to remove from a rank. */
export function removalPath(dir: string, rank: number): string {
  return `${dir}/${String(rank).padStart(6, "0")}.remove`;
}

/**
 * Yields the indices of the documents to remove from a rank, ascending and read lazily. Throws
 * Deno.errors.InvalidData for a file of a wrong length.
 */
export function* readRemoval(dir: string, rank: number): Generator<number> {
  const path = removalPath(dir, rank);
  using file = openFileSync(path, { read: true });
  if (file.statSync().size % 4 !== 0) {
    throw new Deno.errors.InvalidData(
      `Cannot read ${path}: its length is not a multiple of 4 bytes: find the duplicates again`,
    );
  }
  const numbers = new Uint32Array(16384), bytes = new Uint8Array(numbers.buffer);
  for (let held = 0;;) {
    const read = file.readSync(bytes.subarray(held));
    if (read === null) return;
    held += read;
    if (held % 4 !== 0) continue;
    yield* numbers.subarray(0, held / 4);
    held = 0;
  }
}

/** One bucket of all sets. */
interface Bucket {
  readonly bucket: number;
  readonly sets: readonly SignatureSet[];
  /** For each set, the index of its first document among the documents of all sets. */
  readonly starts: readonly number[];
  readonly dir: string;
  readonly memory: number;
  readonly signal?: AbortSignal;
}

/**
 * Joins the documents whose signatures agree in a bucket. Returns how many entries of the sorted bucket equal
 * the entry before them.
 */
async function joinBucket(clusters: Clusters, { bucket, sets, starts, dir, memory, signal }: Bucket) {
  const buffer = Math.min(2 ** 20, Math.floor(memory / sets.length));
  const startOf = new Map(sets.map(({ rank }, i) => [rank, starts[i]]));
  const readers = sets.map(({ rank, rows, signed, documents, sums }) => {
    const path = signaturePath(dir, { bucket, rank });
    const file = { path, rows, records: signed, documents, rank, buffer, sha256: sums[bucket] };
    return new SignatureReader(file);
  });
  const hashes = new Uint32Array(2 * sets[0].rows);
  let last = -1, pairs = 0, done = 0;
  for (const { words, at, document, rank } of mergeSignatures(readers)) {
    const number = startOf.get(rank)! + document;
    let same = last >= 0;
    for (let i = 0; i < hashes.length; i++) {
      if (hashes[i] === words[at + i]) continue;
      hashes[i] = words[at + i];
      same = false;
    }
    if (same) {
      clusters.join(last, number);
      pairs++;
    }
    last = number;
    if (++done % PAUSE === 0) await pause(signal);
  }
  return pairs;
}

function check(sets: readonly SignatureSet[], { dir, memory }: { dir: string; memory: number }): void {
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
  const needed = 8 * sets.reduce((sum, { documents }) => sum + documents, 0);
  if (needed > memory) {
    throw new RangeError(
      `Cannot find the duplicates of ${needed / 8} documents in ${memory} bytes of memory: ` +
        `allow at least ${needed} bytes`,
    );
  }
}
