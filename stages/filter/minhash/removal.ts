/**
 * The documents to remove, in datatrove's format: `000000.remove` for rank 0 has the index of each removed
 * document in 4 bytes, little-endian, ascending. `clusters.json` is written last, so its existence means that
 * the lists of all ranks are complete.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { fileInfoSync, openFileSync, readTextSync } from "../../disk/files.ts";
import { isRecord } from "../../disk/json.ts";
import { existsSync, writeWholeSync } from "../../disk/whole_files.ts";
import type { SignatureSet } from "./signature_set.ts";

/** The documents of one rank. */
export interface RankClusters {
  /** Rank of the process that signed the documents. */
  readonly rank: number;
  /** Number of documents. */
  readonly documents: number;
  /** Number of documents to remove. */
  readonly removed: number;
  /** SHA-256 of the list of documents to remove. */
  readonly sha256: string;
  /**
   * Numbers of e-mail and IP addresses in the kept documents of all lower ranks, at which the rank's rotation
   * of replacements begins; null if they were not counted.
   */
  readonly addresses: { readonly emails: number; readonly ipAddresses: number } | null;
}

/** What `clusters.json` says. */
export interface ClustersSummary {
  /** SHA-256 that stands for the signatures that were compared. */
  readonly signatures: string;
  /** Number of pairs of all buckets. */
  readonly pairs: number;
  /** All ranks in order. */
  readonly ranks: readonly RankClusters[];
}

const NUMBERS = 16384; // document indices read at a time

/** Returns the path of the file that lists the documents to remove from a rank. */
export function removalPath(dir: string, rank: number): string {
  return `${dir}/${String(rank).padStart(6, "0")}.remove`;
}

/** Returns the path of the summary of all ranks. */
export function clustersPath(dir: string): string {
  return `${dir}/clusters.json`;
}

/** Writes the summary atomically. */
export function writeClusters(dir: string, summary: ClustersSummary): void {
  writeWholeSync(clustersPath(dir), `${JSON.stringify(summary, null, 1)}\n`);
}

/** Returns the summary; null if there is none. Throws Deno.errors.InvalidData for a damaged one. */
export function readClusters(dir: string): ClustersSummary | null {
  const path = clustersPath(dir);
  if (!existsSync(path)) return null;
  const refuse = (cause?: unknown) =>
    new Deno.errors.InvalidData(`Cannot read ${path}: it lists no ranks: delete it, and cluster again`, {
      cause,
    });
  let value: unknown;
  try {
    value = JSON.parse(readTextSync(path));
  } catch (cause) {
    throw refuse(cause);
  }
  if (!isSummary(value)) throw refuse();
  return value;
}

/** Returns the summary. Throws Deno.errors.NotFound if the documents have not been clustered. */
export function requireClusters(dir: string): ClustersSummary {
  const summary = readClusters(dir);
  if (summary !== null) return summary;
  throw new Deno.errors.NotFound(
    `Cannot drop the duplicates in ${dir}: the documents have not been clustered: cluster them first`,
  );
}

/**
 * Yields the indices of the documents to remove from a rank, ascending and read lazily. With `expected`,
 * which `clusters.json` has, the file is compared with it first. Throws Deno.errors.InvalidData for a file of
 * a wrong length or checksum.
 */
export function* readRemoval(
  dir: string,
  rank: number,
  expected?: Pick<RankClusters, "removed" | "sha256">,
): Generator<number> {
  const path = removalPath(dir, rank), { size } = fileInfoSync(path);
  const refuse = (why: string) =>
    new Deno.errors.InvalidData(`Cannot read ${path}: ${why}: find the duplicates again`);
  if (size % 4 !== 0) throw refuse("its length is not a multiple of 4 bytes");
  if (expected !== undefined) {
    const { removed, sha256 } = expected;
    if (size !== 4 * removed) {
      throw refuse(`it has ${size} bytes, but ${removed} documents have ${4 * removed}`);
    }
    const hash = createHash("sha256");
    for (const part of parts(path)) hash.update(new Uint8Array(part.buffer, 0, part.byteLength));
    const sum = hash.digest("hex");
    if (sum !== sha256) throw refuse(`its SHA-256 is ${sum}, expected ${sha256}`);
  }
  for (const part of parts(path)) yield* part;
}

/** Yields the numbers in a file in parts; each part is overwritten by the next one. */
function* parts(path: string): Generator<Uint32Array<ArrayBuffer>> {
  using file = openFileSync(path, { read: true });
  const numbers = new Uint32Array(NUMBERS), bytes = new Uint8Array(numbers.buffer);
  for (let held = 0;;) {
    const read = file.readSync(bytes.subarray(held));
    if (read === null) return;
    held += read;
    if (held % 4 !== 0) continue;
    yield numbers.subarray(0, held / 4);
    held = 0;
  }
}

/** Returns whether the summary lists just these sets. */
export function areOf({ ranks }: ClustersSummary, sets: readonly SignatureSet[]): boolean {
  return ranks.length === sets.length &&
    ranks.every(({ rank, documents }, i) => rank === sets[i].rank && documents === sets[i].documents);
}

function isSummary(value: unknown): value is ClustersSummary {
  return isRecord(value) && typeof value.signatures === "string" && isCount(value.pairs) &&
    Array.isArray(value.ranks) && value.ranks.every(isRank);
}

function isRank(value: unknown): value is RankClusters {
  if (!isRecord(value)) return false;
  const { addresses } = value;
  return [value.rank, value.documents, value.removed].every(isCount) && typeof value.sha256 === "string" &&
    (addresses === null ||
      isRecord(addresses) && isCount(addresses.emails) && isCount(addresses.ipAddresses));
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
