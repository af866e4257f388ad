/**
 * Chooses mutants. The choice depends on the seed and on the lines that are mutated, so a change elsewhere in
 * the project leaves most of the choice as it was.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { type Mutation, mutationsOf } from "./operators.ts";

/** A mutation of one of the project's files. */
export interface Mutant extends Mutation {
  /** Path of the file from the project's root. */
  readonly file: string;
  /** Number of the line, starting at 1. */
  readonly line: number;
  /** The mutated lines without their indentation, before and after. */
  readonly before: string;
  readonly after: string;
  /** Hash of everything that identifies the mutant. Two equal mutations of equal lines have different ids. */
  readonly id: string;
}

/** The folders whose code is mutated. */
export const mutatedFolders: readonly string[] = [
  "stages/flow",
  "stages/disk",
  "stages/filter",
  "stages/shard",
];

/** All mutants of a file. */
export function mutantsOf(file: string, source: string): Mutant[] {
  const seen = new Map<string, number>();
  return mutationsOf(source).map((mutation) => {
    const { before, after } = linesAround(source, mutation);
    const key = JSON.stringify([file, mutation.operator, before, after]);
    const nth = seen.get(key) ?? 0;
    seen.set(key, nth + 1);
    const line = source.slice(0, mutation.start).split("\n").length;
    return { ...mutation, file, line, before, after, id: hash(`${key} ${nth}`) };
  });
}

/** `count` mutants out of `all`, in an order that depends on the seed. */
export function sample(
  all: readonly Mutant[],
  { seed, count }: { readonly seed: number; readonly count: number },
): Mutant[] {
  const ranked = all.map((mutant) => ({ mutant, rank: hash(`${seed} ${mutant.id}`) }));
  ranked.sort((a, b) => a.rank < b.rank ? -1 : 1);
  return ranked.slice(0, count).map(({ mutant }) => mutant);
}

function linesAround(
  source: string,
  { start, end, replacement }: Mutation,
): { before: string; after: string } {
  const from = source.lastIndexOf("\n", start - 1) + 1, newline = source.indexOf("\n", end);
  const to = newline < 0 ? source.length : newline;
  const trimmed = (text: string): string => text.split("\n").map((line) => line.trim()).join(" ");
  return {
    before: trimmed(source.slice(from, to)),
    after: trimmed(source.slice(from, start) + replacement + source.slice(end, to)),
  };
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
