/**
 * Mutants that no test can notice, because the mutated program does the same as the original, or differs only
 * in how long it takes.
 *
 * @module
 */
import type { Mutant } from "./sample.ts";

/** A mutant that does the same as the original, and the reason. */
export type Equivalent = Readonly<{ file: string; before: string; after: string; why: string }>;

/** The known equivalent mutants, in the order of their files. */
export const equivalents: readonly Equivalent[] = [];

/** The reason why a mutant is equivalent; null if it is not known to be. */
export function whyEquivalent({ file, before, after }: Mutant): string | null {
  return equivalents.find((known) => known.file === file && known.before === before && known.after === after)
    ?.why ?? null;
}
