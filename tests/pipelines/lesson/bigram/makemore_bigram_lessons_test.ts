/** Tests that the lesson on pairs of letters reproduces all values of the lecture. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import makemoreBigram from "../../../../pipelines/makemore_bigram.ts";
import { sharedTest } from "../../../shared_data.ts";
import { runLesson } from "../run_lesson.ts";

/** Returns the outcomes other than "same", including those of values that were not compared. */
function notSame(outcomes: readonly string[]): string[] {
  return outcomes.filter((outcome) => !outcome.endsWith(": same"));
}

sharedTest(
  "makemore-bigram and its solutions reproduce every value of the lecture",
  ["text/names.txt"],
  async (path) => {
    const source = path("text/names.txt"), checks: Record<string, number> = {};
    const whole = await runLesson(makemoreBigram, { source });
    deepStrictEqual(notSame(whole.outcomes), []);
    // The names that today's torch samples.
    match(whole.text, /cexze\. momasurailezitynn\. konimittain\. llayn\. ka\./);
    for (const solution of makemoreBigram.lesson.exercises) {
      const { outcomes } = await runLesson(makemoreBigram, { source, solution });
      deepStrictEqual(notSame(outcomes), [], solution);
      checks[solution] = outcomes.length;
    }
    strictEqual(whole.outcomes.length, 38);
    deepStrictEqual(checks, { E01: 4, E02: 3, E03: 6, E04: 1, E05: 2, E06: 0 });
  },
);
