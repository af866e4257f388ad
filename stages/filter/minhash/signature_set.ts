/**
 * Describes a set of sorted signatures: the file `RRRRR.json` for rank R, next to the folders of the
 * buckets. It is written last, so its existence means that the signatures are complete.
 *
 * @module
 */
import { existsSync, writeWholeSync } from "../../disk/whole_files.ts";
import { defaultWords, type RecipeGeneration } from "../recipe.ts";
import { signatureDefaults, type SignatureOptions, type Signer } from "./signer.ts";
import { entriesInSync, readTextSync } from "../../disk/files.ts";

/** The signatures of the documents of one rank. */
export interface SignatureSet {
  /** Rank of the process. Of equal signatures, the one of the lower rank comes first. */
  readonly rank: number;
  /** Number of documents. */
  readonly documents: number;
  /** Number of documents that have a signature, which are those with at least as many words as a shingle. */
  readonly signed: number;
  /** Number of words per shingle. */
  readonly shingle: number;
  /** Number of buckets per signature. */
  readonly buckets: number;
  /** Number of hashes per record of a bucket: with `short` records 1. */
  readonly rows: number;
  /** What a record has of a bucket (default `full`): see `SignatureRecords`. */
  readonly records?: SignatureRecords;
  /** Seed of the permutations. */
  readonly seed: number;
  /** Version of the rules that simplify the text and choose the kept document. */
  readonly recipe: RecipeGeneration;
  /** Name of the word splitter, or "own" if it is a function of the caller. */
  readonly words: string;
  /** Number of documents that have addresses; absent if they were not counted: see `addressLogPath`. */
  readonly addressed?: number;
  /** SHA-256 of each bucket's file. */
  readonly sums: readonly string[];
}

/**
 * What a record has of the hashes of a bucket: all of them (`full`), as in datatrove, or a hash of them of 64
 * bits (`short`), in 12 bytes in place of 68. Both find the same clusters, unless two of 2^64 hashes are
 * equal by chance; but pairs come in another order, so that another document of a cluster may be its root.
 */
export type SignatureRecords = "full" | "short";

/** Fields that must be equal in all sets that are compared. */
export const comparedFields = ["shingle", "buckets", "rows", "records", "seed", "recipe", "words"] as const;

/** Describes a set of signatures whose files are not sorted yet. */
export function signatureSetOf(
  options: SignatureOptions,
  { signer, records = "full", ...counts }:
    & { readonly signer: Signer; readonly records?: SignatureRecords }
    & Pick<SignatureSet, "rank" | "documents" | "signed" | "addressed">,
): Omit<SignatureSet, "sums"> {
  const { recipe = "current", seed = signatureDefaults.seed } = options;
  const { words = defaultWords(recipe) } = options, { shingle, buckets } = signer;
  const name = typeof words === "string" ? words : "own";
  const rows = records === "short" ? 1 : signer.rows;
  return { ...counts, shingle, buckets, rows, records, seed, recipe, words: name };
}

/** Returns the path of the description of a rank's set. */
export function signatureSetPath(dir: string, rank: number): string {
  return `${dir}/${String(rank).padStart(5, "0")}.json`;
}

/** Writes a description atomically. */
export function writeSignatureSet(dir: string, set: SignatureSet): void {
  writeWholeSync(signatureSetPath(dir, set.rank), `${JSON.stringify(set, null, 2)}\n`);
}

/**
 * Returns the descriptions of all sets in a folder, sorted by rank. Throws Deno.errors.InvalidData for an
 * invalid one.
 */
export function readSignatureSets(dir: string): SignatureSet[] {
  const sets: SignatureSet[] = [];
  for (const { name } of entriesInSync(dir)) {
    if (/^\d{5,}\.json$/.test(name)) sets.push(parse(`${dir}/${name}`));
  }
  return sets.sort((a, b) => a.rank - b.rank);
}

/**
 * Returns the description of the set of a rank; null if its documents were not signed. Throws as
 * `readSignatureSets`.
 */
export function readSignatureSet(dir: string, rank: number): SignatureSet | null {
  const path = signatureSetPath(dir, rank);
  return existsSync(path) ? parse(path) : null;
}

function parse(path: string): SignatureSet {
  let set: unknown;
  try {
    set = JSON.parse(readTextSync(path));
  } catch (cause) {
    throw invalid(path, "it is not JSON", cause);
  }
  if (!isSet(set)) throw invalid(path, "it does not describe a set of signatures");
  return { ...set, records: set.records ?? "full" }; // earlier versions had no other records
}

function isSet(value: unknown): value is SignatureSet {
  if (typeof value !== "object" || value === null) return false;
  const field: Readonly<Record<string, unknown>> = { ...value };
  const whole = ["rank", "documents", "signed", "shingle", "buckets", "rows", "seed"]
    .every((name) => Number.isSafeInteger(field[name]) && Number(field[name]) >= 0);
  const { sums } = field;
  return whole && Array.isArray(sums) && sums.length === field.buckets &&
    sums.every((sum) => typeof sum === "string") && typeof field.words === "string" &&
    (field.recipe === "current" || field.recipe === "release") &&
    (field.records === undefined || field.records === "full" || field.records === "short") &&
    (field.addressed === undefined || Number.isSafeInteger(field.addressed) && Number(field.addressed) >= 0);
}

function invalid(path: string, why: string, cause?: unknown): Error {
  return new Deno.errors.InvalidData(`Cannot read ${path}: ${why}: sign the documents again`, { cause });
}
