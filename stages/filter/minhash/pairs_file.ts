/**
 * The pairs of documents that agree in a bucket, as `compareBucket` finds them: the file `pairs` in the
 * folder of the bucket. A pair consists of the numbers of two documents among those of all ranks, each in 4
 * bytes, little-endian. `pairs.json` beside it is written last, so its existence means that the pairs are
 * complete; it says of which signatures they are.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { fileInfoSync, openFileSync, readTextSync } from "../../disk/files.ts";
import { isRecord } from "../../disk/json.ts";
import { existsSync, writeWholeSync } from "../../disk/whole_files.ts";
import { comparedFields, type SignatureSet } from "./signature_set.ts";
import { bucketFolder } from "./sort_signatures.ts";
import { readFull, writeInParts } from "./whole_io.ts";

const PART = 8192; // pairs read at a time

/** What `pairs.json` says of the pairs of a bucket. */
export interface PairsSummary {
  /** Number of pairs. */
  readonly pairs: number;
  /** SHA-256 of the file of pairs. */
  readonly sha256: string;
  /** SHA-256 that stands for the signatures that were compared: see `signaturesDigest`. */
  readonly signatures: string;
}

/** A bucket in a folder of signatures. */
export interface BucketPlace {
  readonly dir: string;
  readonly bucket: number;
}

/** Returns the path of the pairs of a bucket. */
export function pairsPath({ dir, bucket }: BucketPlace): string {
  return `${bucketFolder(dir, bucket)}/pairs`;
}

/** Returns a hash of what the result of comparing a bucket depends on: the sets and their checksums. */
export function signaturesDigest(sets: readonly SignatureSet[], bucket: number): string {
  const hash = createHash("sha256");
  for (const set of sets) {
    const { rank, documents, signed, sums } = set;
    hash.update(
      JSON.stringify([rank, documents, signed, sums[bucket], ...comparedFields.map((name) => set[name])]),
    );
  }
  return hash.digest("hex");
}

/** Writes the pairs of a bucket atomically. `make` is called with a function that appends a pair. */
export async function writePairs(
  place: BucketPlace,
  signatures: string,
  make: (add: (first: number, second: number) => void) => Promise<void>,
): Promise<PairsSummary> {
  const hash = createHash("sha256"), pair = new Uint32Array(2), bytes = new Uint8Array(pair.buffer);
  let pairs = 0;
  await writeInParts(pairsPath(place), async (write) => {
    await make((first, second) => {
      pair[0] = first;
      pair[1] = second;
      hash.update(bytes);
      write(bytes);
      pairs++;
    });
  });
  const summary = { pairs, sha256: hash.digest("hex"), signatures };
  writeWholeSync(`${pairsPath(place)}.json`, `${JSON.stringify(summary, null, 2)}\n`);
  return summary;
}

/**
 * Returns the summary of the pairs of a bucket; null if the bucket has not been compared, or if it was
 * compared with other signatures than those of the digest.
 */
export function readPairsSummary(place: BucketPlace, signatures: string): PairsSummary | null {
  const path = `${pairsPath(place)}.json`;
  if (!existsSync(path)) return null;
  let value: unknown;
  try {
    value = JSON.parse(readTextSync(path));
  } catch (cause) {
    throw damaged(path, "it is not JSON", cause);
  }
  if (!isSummary(value)) throw damaged(path, "expected pairs, sha256 and signatures");
  return value.signatures === signatures ? value : null;
}

/**
 * Yields the pairs of a bucket in parts of 32-bit words, two for each pair; each part is overwritten by the
 * next one. Throws Deno.errors.InvalidData for a file of another length, and after the last part for one of
 * another checksum.
 */
export function* readPairs(place: BucketPlace, { pairs, sha256 }: PairsSummary): Generator<Uint32Array> {
  const path = pairsPath(place), { size } = fileInfoSync(path);
  if (size !== 8 * pairs) throw damaged(path, `it has ${size} bytes, but ${pairs} pairs have ${8 * pairs}`);
  const words = new Uint32Array(2 * PART), hash = createHash("sha256");
  using file = openFileSync(path, { read: true });
  for (let done = 0; done < pairs; done += PART) {
    const part = words.subarray(0, 2 * Math.min(PART, pairs - done));
    readFull(file, part, path);
    hash.update(new Uint8Array(part.buffer, 0, part.byteLength));
    yield part;
  }
  const sum = hash.digest("hex");
  if (sum !== sha256) throw damaged(path, `its SHA-256 is ${sum}, expected ${sha256}`);
}

function isSummary(value: unknown): value is PairsSummary {
  return isRecord(value) && Number.isSafeInteger(value.pairs) && Number(value.pairs) >= 0 &&
    typeof value.sha256 === "string" && typeof value.signatures === "string";
}

function damaged(path: string, why: string, cause?: unknown): Error {
  return new Deno.errors.InvalidData(`Cannot read ${path}: ${why}: delete it, and compare the bucket again`, {
    cause,
  });
}
