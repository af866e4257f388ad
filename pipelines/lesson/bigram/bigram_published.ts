/**
 * Values from the lecture on pairs of letters, and the checks that compare our values with them. Most values
 * are from its notebook. Some cells of the notebook were run out of order or print no value; for these, we
 * ran the same code ourselves.
 *
 * @module
 */
import { check, type Item } from "../item.ts";

/** Source of the values that the notebook prints. */
export const notebook = "makemore part 1, notebook";
/** Source of the values that the notebook does not print. */
export const rerun = "makemore part 1, its code run with torch 2.13";

/** Five names drawn from the counts. The net draws the same five, except for one letter in the fifth. */
export const publishedNames: readonly string[] = [
  "mor.",
  "axx.",
  "minaymoryles.",
  "kondlaisah.",
  "anchshizarie.",
];

/** Compares names with the names in the lecture. */
export function* nameChecks(
  drawn: readonly string[],
  { by, lecture, mayDiffer }: {
    /** Model that drew the names: "counts" or "net". */
    readonly by: string;
    readonly lecture: readonly string[];
    readonly mayDiffer: string | null;
  },
): Generator<Item> {
  for (const [i, ours] of drawn.entries()) {
    yield check({
      name: `name ${i + 1} drawn from the ${by}`,
      ours,
      lecture: lecture[i],
      source: notebook,
      mayDiffer,
    });
  }
}

/** Compares the ten most frequent pairs with the pairs in the lecture. */
export function* frequentChecks(
  pairs: readonly { readonly pair: string; readonly count: number }[],
  mayDiffer: string | null,
): Generator<Item> {
  const frequent = "n. 6763, a. 6640, an 5438, .a 4410, e. 3983, ar 3264, el 3248, ri 3033, na 2977, .k 2963"
    .split(", ");
  for (const [i, lecture] of frequent.entries()) {
    if (i >= pairs.length) return;
    const ours = `${pairs[i].pair} ${pairs[i].count}`;
    yield check({ name: `pair of rank ${i + 1}`, ours, lecture, source: notebook, mayDiffer });
  }
}

/** Compares the net's losses on all pairs, including the penalty, with the lecture's losses at `steps`. */
export function* traceChecks(
  losses: readonly number[],
  { steps, mayDiffer }: { readonly steps: readonly number[]; readonly mayDiffer: string | null },
): Generator<Item> {
  for (const step of steps) {
    const lecture = trace.get(step);
    if (lecture === undefined) continue;
    yield check({
      name: `loss at step ${step}`,
      ours: losses[step],
      lecture,
      within: step < 1000 ? 1e-4 : 5e-4,
      source: rerun,
      mayDiffer,
    });
  }
}

/** The lecture's losses; the key is the step. */
const trace: ReadonlyMap<number, number> = new Map([
  [0, 3.7686],
  [1, 3.3788],
  [10, 2.6965],
  [50, 2.5099],
  [99, 2.4901],
  [200, 2.4830],
  [1000, 2.4804],
]);
