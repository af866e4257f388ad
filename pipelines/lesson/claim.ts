/**
 * Claims: what a lesson says about its results. The measured values choose the sentence, so a run in which a
 * result is different says so.
 *
 * A lesson keeps its claims in a file of its own, `NAME_claims.ts`, and yields `claim(CLAIM, MEASURED)` where
 * the values are known. A test reads these files and tries every claim with both of its cases.
 *
 * @module
 */
import type { Item } from "./item.ts";

/** A statement about measured values `M`, with a sentence for each outcome. */
export interface Claim<M> {
  /** What is claimed, in a few words and without numbers: "smoothing raises the loss". */
  readonly name: string;
  /** Returns whether the values confirm the claim. */
  holds(measured: M): boolean;
  /** Returns the sentence for values that confirm it. */
  yes(measured: M): string;
  /** Returns the sentence for values that do not. */
  no(measured: M): string;
  /** Values with which the claim holds, and values with which it does not, for the tests. */
  readonly cases: { readonly yes: M; readonly no: M };
}

/** Returns the item that tells a claim's outcome. It is counted like a check. */
export function claim<M>(statement: Claim<M>, measured: M): Item {
  const holds = statement.holds(measured);
  const text = holds ? statement.yes(measured) : statement.no(measured);
  return { kind: "claim", name: statement.name, holds, text };
}

/** Two measured numbers, of which the first should be the smaller one. */
export interface Pair {
  readonly value: number;
  readonly other: number;
}

/** Returns the claim that `value` is less than `other`. */
export function isLower({ name, yes, no }: Pick<Claim<Pair>, "name" | "yes" | "no">): Claim<Pair> {
  return {
    name,
    holds: ({ value, other }) => value < other,
    yes,
    no,
    cases: { yes: { value: 1, other: 2 }, no: { value: 2, other: 1 } },
  };
}
