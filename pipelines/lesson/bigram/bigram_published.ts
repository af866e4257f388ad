/**
 * The figures of the lecture on pairs of letters, and ours beside them. Part of them stands in its notebook; where its
 * cells were run out of order, or print none, the same code was run again.
 *
 * @module
 */
import { check, type Item } from "../item.ts";

/** Where figures stand. */
export const notebook = "makemore part 1, notebook";
/** Where figures come from that the notebook does not print. */
export const again = "makemore part 1, run again with torch 2.13";

/** The names that counting draws; the net's differ in a letter of the last one. */
export const publishedNames: readonly string[] = [
  "mor.",
  "axx.",
  "minaymoryles.",
  "kondlaisah.",
  "anchshizarie.",
];

/** A check for each name. */
export function* nameChecks(
  drawn: readonly string[],
  { by, lecture, mayDiffer }: {
    /** What drew them: "counts", "net". */
    readonly by: string;
    readonly lecture: readonly string[];
    readonly mayDiffer: string | null;
  },
): Generator<Item> {
  for (const [i, ours] of drawn.entries()) {
    yield check({
      name: `name ${i + 1} of the ${by}`,
      ours,
      lecture: lecture[i],
      source: notebook,
      mayDiffer,
    });
  }
}

/** The ten most frequent pairs. */
export function* frequentChecks(
  pairs: readonly { readonly pair: string; readonly count: number }[],
  mayDiffer: string | null,
): Generator<Item> {
  const frequent = "n. 6763, a. 6640, an 5438, .a 4410, e. 3983, ar 3264, el 3248, ri 3033, na 2977, .k 2963"
    .split(", ");
  for (const [i, lecture] of frequent.entries()) {
    if (i >= pairs.length) return;
    const ours = `${pairs[i].pair} ${pairs[i].count}`;
    yield check({ name: `place ${i + 1}`, ours, lecture, source: notebook, mayDiffer });
  }
}

/** The loss of all pairs, penalty included, at some steps of the net. */
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
      source: again,
      mayDiffer,
    });
  }
}

const trace: ReadonlyMap<number, number> = new Map([
  [0, 3.7686],
  [1, 3.3788],
  [10, 2.6965],
  [50, 2.5099],
  [99, 2.4901],
  [200, 2.4830],
  [1000, 2.4804],
]);
