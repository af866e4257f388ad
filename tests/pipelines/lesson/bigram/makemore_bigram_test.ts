/** Tests the lesson on pairs of letters on other words. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import makemoreBigram from "../../../../pipelines/makemore_bigram.ts";
import {
  drawnLookLikeNames,
  othersNeedSmoothing,
} from "../../../../pipelines/lesson/bigram/bigram_claims.ts";
import { distinctPairs, softmaxRows } from "../../../../pipelines/lesson/bigram/bigram_net.ts";
import { examplesOf, Letters } from "../../../../pipelines/lesson/letters.ts";
import { runLesson } from "../run_lesson.ts";
import { withFile } from "../../../temporary.ts";

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

Deno.test("makemore-bigram: names that are repeated need no smoothing", () =>
  withFile("ada\nbob\neve\nida\nian\nmia\nleo\nlea\nzoe\nben\n".repeat(40), async (source) => {
    const { text } = await runLesson(makemoreBigram, { source, solution: "E03" });
    match(text, /Other\s+names\s+do\s+not\s+always\s+need\s+it:/);
  }));

Deno.test("claims of makemore-bigram count the known names and the losses without smoothing", () => {
  for (const [known, words] of [[0, "none is"], [1, "one is"], [3, "3 are"]] as const) {
    match(
      drawnLookLikeNames.yes({ value: 2, other: 3, known, drawn: 5 }),
      new RegExp(`^Of the first 5 [^.]*, ${words} in`),
    );
  }
  const models = [{ name: "trigram", without: 2.5, best: 2.25 }, {
    name: "4-gram",
    without: Infinity,
    best: 2.125,
  }];
  strictEqual(othersNeedSmoothing.holds({ models }), true);
  match(
    othersNeedSmoothing.yes({ models }),
    /the trigram is 2\.5000 without .*the 4-gram is infinite without/,
  );
  match(othersNeedSmoothing.yes({ models: [models[1]] }), /without smoothing the loss is infinite\.$/);
  strictEqual(othersNeedSmoothing.holds({ models: [{ ...models[0], best: 2.5 }] }), false);
});
