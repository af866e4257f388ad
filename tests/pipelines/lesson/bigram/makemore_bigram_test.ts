/** Tests the lesson on pairs of letters on other words. */
import { deepStrictEqual, match, ok } from "node:assert/strict";
import makemoreBigram from "../../../../pipelines/makemore_bigram.ts";
import { distinctPairs, softmaxRows } from "../../../../pipelines/lesson/bigram/bigram_net.ts";
import { examplesOf, Letters } from "../../../../pipelines/lesson/letters.ts";
import { runLesson } from "../run_lesson.ts";

Deno.test("makemore-bigram and its solutions run on the names that install with the program", async () => {
  const { outcomes, text } = await runLesson(makemoreBigram);
  const differ = (all: readonly string[]): string[] => all.filter((outcome) => outcome.endsWith(": differs"));
  deepStrictEqual(differ(outcomes), []);
  match(text, /not\s+compared, because of other data\./);
  match(text, /The first 20 losses differ from those before by [0-9]e-[78] at\s+most/);
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
