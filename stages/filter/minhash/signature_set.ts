/**
 * What is known of a set of sorted signatures: the file `RRRRR.json` beside the buckets' folders, written
 * last.
 *
 * @module
 */
import type { RecipeGeneration } from "../recipe.ts";
import type { SignatureOptions, Signer } from "./signer.ts";
import { writeWholeSync } from "../../disk/whole_files.ts";

/** A set: the documents of one rank. */
export interface SignatureSet {
  /** Its place among the sets; of equal signatures the lower rank comes first. */
  readonly rank: number;
  /** Documents numbered. */
  readonly documents: number;
  /** Documents with as many words as a shingle. */
  readonly signed: number;
  /** Words a shingle. */
  readonly shingle: number;
  /** Buckets a signature. */
  readonly buckets: number;
  /** Hashes a bucket. */
  readonly rows: number;
  /** Of the permutations. */
  readonly seed: number;
  /** Generation of the text's simplification, and of which root is kept. */
  readonly recipe: RecipeGeneration;
  /** How text was cut into words: a name, or "own". */
  readonly words: string;
  /** SHA-256 of each bucket's file. */
  readonly sums: readonly string[];
}

/** What must be the same for sets to be compared. */
export const comparedFields = ["shingle", "buckets", "rows", "seed", "recipe", "words"] as const;

/** What is known of a set before it is sorted. */
export function signatureSetOf(
  { seed = 1, recipe = "current", words = "treebank" }: SignatureOptions,
  { signer, rank, documents, signed }:
    & { readonly signer: Signer }
    & Pick<SignatureSet, "rank" | "documents" | "signed">,
): Omit<SignatureSet, "sums"> {
  const { shingle, buckets, rows } = signer;
  const name = typeof words === "string" ? words : "own";
  return { rank, documents, signed, shingle, buckets, rows, seed, recipe, words: name };
}

/** Where the set of a rank is described. */
export function signatureSetPath(dir: string, rank: number): string {
  return `${dir}/${String(rank).padStart(5, "0")}.json`;
}

/** Writes it, whole or not at all. */
export function writeSignatureSet(dir: string, set: SignatureSet): void {
  writeWholeSync(signatureSetPath(dir, set.rank), `${JSON.stringify(set, null, 2)}\n`);
}

/** All sets of a folder, by rank. Throws Deno.errors.InvalidData for a description that cannot be read. */
export function readSignatureSets(dir: string): SignatureSet[] {
  const sets: SignatureSet[] = [];
  for (const { name } of Deno.readDirSync(dir)) {
    if (/^\d{5,}\.json$/.test(name)) sets.push(parse(`${dir}/${name}`));
  }
  return sets.sort((a, b) => a.rank - b.rank);
}

function parse(path: string): SignatureSet {
  let set: unknown;
  try {
    set = JSON.parse(Deno.readTextFileSync(path));
  } catch (cause) {
    throw wrong(path, "it is no JSON", cause);
  }
  if (!isSet(set)) throw wrong(path, "it does not describe a set of signatures");
  return set;
}

function isSet(value: unknown): value is SignatureSet {
  if (typeof value !== "object" || value === null) return false;
  const field: Readonly<Record<string, unknown>> = { ...value };
  const whole = ["rank", "documents", "signed", "shingle", "buckets", "rows", "seed"]
    .every((name) => Number.isSafeInteger(field[name]) && Number(field[name]) >= 0);
  const { sums } = field;
  return whole && Array.isArray(sums) && sums.length === field.buckets &&
    sums.every((sum) => typeof sum === "string") && typeof field.words === "string" &&
    (field.recipe === "current" || field.recipe === "release");
}

function wrong(path: string, why: string, cause?: unknown): Error {
  return new Deno.errors.InvalidData(`Cannot read ${path}: ${why}: sign the documents again`, { cause });
}
