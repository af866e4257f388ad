/**
 * Sorts signatures into one file per bucket, in bounded memory: parts that fit into memory are sorted,
 * written as runs and merged. Files and folders have datatrove's names: `bucket_003/00000.minhash.sig`.
 *
 * @module
 */
import { disk } from "../../disk/disk.ts";
import { createHash } from "node:crypto";
import { writeAllSync } from "../../disk/exact_io.ts";
import { pause } from "./pause.ts";
import { mergeSignatures, SignatureReader } from "./signature_reader.ts";
import { type SignatureSet, writeSignatureSet } from "./signature_set.ts";
import { readFull, writeInParts } from "./whole_io.ts";
import { makeFolderSync, openFileSync } from "../../disk/files.ts";

const FAN_IN = 64; // runs merged at a time, each of which gets a share of the memory
const PAUSE = 1 << 16; // records between two pauses for the event loop

/** Which signatures are sorted, and how. */
export interface SortOptions {
  /** Path of the log of signatures in order of arrival. */
  readonly log: string;
  /** Folder for the sorted files, created if missing. */
  readonly dir: string;
  /** Description of the signatures, to which `sums` will be added. */
  readonly set: Omit<SignatureSet, "sums">;
  /** Memory limit in bytes for records. */
  readonly memory: number;
  /** Signal that aborts the sorting. */
  readonly signal?: AbortSignal;
}

/**
 * Sorts the signatures of a set. Writes `bucket_BBB/RRRRR.minhash.sig` for each bucket B of rank R, and
 * finally `RRRRR.json`, which marks them as complete. Throws Deno.errors.InvalidData if the log is truncated.
 */
export async function sortSignatures(options: SortOptions): Promise<SignatureSet> {
  const { dir, set } = options;
  for (let bucket = 0; bucket < set.buckets; bucket++) {
    makeFolderSync(bucketFolder(dir, bucket));
  }
  const runs = await writeRuns(options);
  const sums: string[] = [];
  for (let bucket = 0; bucket < set.buckets; bucket++) {
    sums.push(await mergeRuns(bucket, { runs, options }));
    await pause(options.signal);
  }
  const sorted = { ...set, sums };
  writeSignatureSet(dir, sorted);
  return sorted;
}

/** Returns the path of the sorted signatures of a bucket and rank. */
export function signaturePath(dir: string, { bucket, rank }: { bucket: number; rank: number }): string {
  return `${bucketFolder(dir, bucket)}/${String(rank).padStart(5, "0")}.minhash.sig`;
}

/** Returns the path of the folder of a bucket. */
export function bucketFolder(dir: string, bucket: number): string {
  return `${dir}/bucket_${String(bucket).padStart(3, "0")}`;
}

/**
 * Sorts the log in parts that fit into memory, and writes each part as a run. Returns the number of records
 * per run.
 */
async function writeRuns({ log, dir, set, memory, signal }: SortOptions): Promise<readonly number[]> {
  const { buckets, rows, rank, signed } = set;
  const width = 2 * buckets * rows + 1; // 32-bit words per record of the log
  const most = Math.max(1, Math.min(signed, Math.floor(memory / (4 * (width + 2 * rows + 2)))));
  const words = new Uint32Array(most * width);
  const runs: number[] = [];
  using file = openFileSync(log, { read: true });
  for (let done = 0; done < signed; done += most) {
    const count = Math.min(most, signed - done);
    readFull(file, words.subarray(0, count * width), log);
    for (let bucket = 0; bucket < buckets; bucket++) {
      const out = sortBucket(words.subarray(0, count * width), { bucket, width, rows });
      using run = openFileSync(`${signaturePath(dir, { bucket, rank })}.run-${runs.length}`, {
        write: true,
        create: true,
        truncate: true,
      });
      writeAllSync(run, out);
      await pause(signal);
    }
    runs.push(count);
  }
  return runs;
}

/** Returns the sorted records of one bucket, taken from records of all buckets. */
function sortBucket(
  words: Uint32Array<ArrayBuffer>,
  { bucket, width, rows }: { readonly bucket: number; readonly width: number; readonly rows: number },
): Uint32Array<ArrayBuffer> {
  const count = words.length / width, hashes = 2 * rows;
  const begin = bucket * hashes;
  const places = new Uint32Array(count).map((_, i) => i * width);
  places.sort((a, b) => {
    for (let i = begin; i < begin + hashes; i += 2) {
      const high = words[a + i + 1] - words[b + i + 1];
      if (high !== 0) return high;
      const low = words[a + i] - words[b + i];
      if (low !== 0) return low;
    }
    return a - b; // order of arrival
  });
  const out = new Uint32Array(count * (hashes + 1));
  places.forEach((place, i) => {
    const at = i * (hashes + 1);
    out.set(words.subarray(place + begin, place + begin + hashes), at);
    out[at + hashes] = words[place + width - 1];
  });
  return out;
}

/** Merges the runs of a bucket into its file. Returns the file's SHA-256. */
async function mergeRuns(
  bucket: number,
  { runs, options }: { readonly runs: readonly number[]; readonly options: SortOptions },
): Promise<string> {
  const { dir, set, memory, signal } = options;
  const path = signaturePath(dir, { bucket, rank: set.rank });
  let names = runs.map((records, i) => ({ path: `${path}.run-${i}`, records }));
  for (let made = runs.length;; made++) {
    const parts = names.slice(0, FAN_IN);
    const records = parts.reduce((sum, part) => sum + part.records, 0);
    const last = parts.length === names.length;
    const into = last ? path : `${path}.run-${made}`;
    const buffer = Math.floor(memory / (FAN_IN + 1));
    const readers = parts.map((part) =>
      new SignatureReader({ ...part, rows: set.rows, documents: set.documents, rank: set.rank, buffer })
    );
    const sum = createHash("sha256");
    await writeInParts(into, async (write) => {
      let done = 0;
      for (const reader of mergeSignatures(readers)) {
        const record = reader.record();
        sum.update(record);
        write(record);
        if (++done % PAUSE === 0) await pause(signal);
      }
    });
    for (const part of parts) disk.removeSync(part.path);
    if (last) return sum.digest("hex");
    names = [...names.slice(FAN_IN), { path: into, records }];
  }
}
