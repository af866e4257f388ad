/**
 * The difference between two programs on the same pages, with a 95 % interval.
 *
 * @module
 */
import { type Counts, figuresOf } from "./marked_pages.ts";

const DRAWS = 10_000;

/**
 * Returns the difference of F of two programs and its interval: pages are drawn with replacement, in pairs.
 */
export function bootstrap(
  ours: readonly Counts[],
  theirs: readonly Counts[],
): { readonly difference: number; readonly low: number; readonly high: number } {
  let state = 1;
  const below = (n: number) => { // a linear congruential generator: the same draws every time
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 2 ** 32 * n);
  };
  const differences: number[] = [];
  for (let draw = 0; draw < DRAWS; draw++) {
    const at = ours.map(() => below(ours.length));
    differences.push(figuresOf(at.map((i) => ours[i])).f - figuresOf(at.map((i) => theirs[i])).f);
  }
  differences.sort((a, b) => a - b);
  return {
    difference: figuresOf(ours).f - figuresOf(theirs).f,
    low: differences[Math.floor(0.025 * DRAWS)],
    high: differences[Math.floor(0.975 * DRAWS)],
  };
}
