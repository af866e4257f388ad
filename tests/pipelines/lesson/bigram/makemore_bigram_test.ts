/** Tests that the lesson on pairs of letters reproduces the lecture's values. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import makemoreBigram from "../../../../pipelines/makemore_bigram.ts";
import { distinctPairs, softmaxRows } from "../../../../pipelines/lesson/bigram/bigram_net.ts";
import { examplesOf, Letters } from "../../../../pipelines/lesson/letters.ts";
import { sharedTest } from "../../../shared_data.ts";
import { runLesson } from "../run_lesson.ts";

/** Outcomes other than "same", including those of values that were not compared. */
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
    deepStrictEqual(checks, { E01: 4, E02: 3, E03: 6, E04: 1, E05: 2, E06: 1 });
  },
);

Deno.test("makemore-bigram and its solutions run on the names that install with the program", async () => {
  const { outcomes, text } = await runLesson(makemoreBigram);
  const differ = (all: readonly string[]): string[] => all.filter((outcome) => outcome.endsWith(": differs"));
  deepStrictEqual(differ(outcomes), []);
  match(text, /not compared: other data/);
  match(text, /The first 20 losses differ from those before by [0-9]e-[78] at most/);
  for (const solution of ["E01", "E02", "E03", "E06"]) {
    deepStrictEqual(differ((await runLesson(makemoreBigram, { solution })).outcomes), [], solution);
  }
});

Deno.test("makemore-bigram accepts words of any letters and with full stops", async () => {
  const file = await Deno.makeTempFile({ suffix: ".txt" });
  try {
    await Deno.writeTextFile(file, "Ängström\nd'Or\nSt.Ives\nñandú\n李小龍\nPá\nQi\nXu\nYi\nZo\n");
    const { outcomes, text } = await runLesson(makemoreBigram, { source: file });
    ok(!outcomes.some((outcome) => outcome.endsWith(": differs")), outcomes.join("\n"));
    match(text, /the mark `¶`/);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("distinctPairs() counts each pair; softmaxRows() returns probabilities", () => {
  const letters = new Letters(["aa", "ab"]), all = examplesOf(["aa", "ab"], { letters, context: 1 });
  const { examples, times } = distinctPairs(all, 3);
  deepStrictEqual([...examples.inputs], [0, 1, 1, 1, 2]);
  deepStrictEqual([...examples.targets], [1, 0, 1, 2, 0]);
  deepStrictEqual([...times], [2, 1, 1, 1, 1]);
  const [even, row] = softmaxRows(Float32Array.of(7, 7, 0, Math.log(3)), 2);
  deepStrictEqual([...even], [.5, .5]);
  ok(Math.abs(row[1] - .75) < 1e-6);
});
