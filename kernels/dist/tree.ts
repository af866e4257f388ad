/**
 * The order in which the gradients of a step's micro-batches are added: one binary tree over their numbers,
 * which depends on how many there are and not on the processes that compute them. So a run with several
 * processes has the bits of a run with one.
 *
 * The tree of `n` numbers joins the tree of the first `2^k`, with `2^k` the largest power of two below `n`,
 * to the tree of the rest. Numbers can be added to it one at a time, as bits are carried by a binary counter:
 * sums of 1, 2, 4, … numbers wait on levels 0, 1, 2, … until a second sum of the same size is complete. So
 * there are at most `log2(n) + 1` sums in memory.
 *
 * @module
 */

/** What to do with the sum of one number, or of a group of numbers, once it is computed. */
export interface TreeStep {
  /** Levels whose waiting sums are added to it, in this order. */
  readonly merged: readonly number[];
  /** Level on which the result waits; null if it is the sum of all numbers. */
  readonly kept: number | null;
}

/** Returns the number of levels on which sums wait while `n` numbers are added. */
export function treeLevels(n: number): number {
  return n < 2 ? 0 : 32 - Math.clz32(n - 1);
}

/**
 * Returns what to do after number `i` of `n`. Whole numbers only; `i` starts at 0.
 *
 * @example
 * ```ts
 * import { treeStep } from "./tree.ts";
 * console.assert(JSON.stringify(treeStep(0, 4)) === '{"merged":[],"kept":0}');
 * console.assert(JSON.stringify(treeStep(1, 4)) === '{"merged":[0],"kept":1}');
 * console.assert(JSON.stringify(treeStep(3, 4)) === '{"merged":[0,1],"kept":null}');
 * ```
 */
export function treeStep(i: number, n: number): TreeStep {
  const waiting = Array.from({ length: treeLevels(n) }, (_, level) => level).filter((level) =>
    (i >> level) % 2 === 1 // bit `level` of `i` says that a sum waits on that level
  );
  if (i === n - 1) return { merged: waiting, kept: null };
  const kept = waiting.findIndex((level, at) => level !== at);
  return { merged: kept < 0 ? waiting : waiting.slice(0, kept), kept: kept < 0 ? waiting.length : kept };
}
