/** The lesson on pairs of letters holds its own figures against the lecture's; here they must all be the same. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { TorchRandom } from "../../../../kernels/random/torch_random.ts";
import makemoreBigram from "../../../../pipelines/makemore_bigram.ts";
import { distinctPairs, softmaxRows } from "../../../../pipelines/lesson/bigram/bigram_net.ts";
import { drawNames } from "../../../../pipelines/lesson/draw_names.ts";
import { examplesOf, Letters, splitWords } from "../../../../pipelines/lesson/letters.ts";
import { MixedNgrams } from "../../../../pipelines/lesson/mlp/mixed_ngrams.ts";
import { Ngrams } from "../../../../pipelines/lesson/mlp/ngrams.ts";
import { sharedTest } from "../../../shared_data.ts";
import { runLesson } from "../run_lesson.ts";

/** Wrong figures; also those that were not compared. */
function wrong(outcomes: readonly string[]): string[] {
  return outcomes.filter((outcome) => !outcome.endsWith(": same"));
}

sharedTest(
  "makemore-bigram and its solutions reach every figure of the lecture",
  ["text/names.txt"],
  async (path) => {
    const source = path("text/names.txt"), checks: Record<string, number> = {};
    const whole = await runLesson(makemoreBigram, { source });
    deepStrictEqual(wrong(whole.outcomes), []);
    match(whole.text, /cexze\. momasurailezitynn\. konimittain\. llayn\. ka\./); // torch's draw of today
    for (const solution of makemoreBigram.lesson.exercises) {
      const { outcomes } = await runLesson(makemoreBigram, { source, solution });
      deepStrictEqual(wrong(outcomes), [], solution);
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

Deno.test("makemore-bigram takes words of any letters, a point among them", async () => {
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

Deno.test("examplesOf() gives each letter and the mark with the letters before", () => {
  const letters = new Letters(["emma", "ava"]);
  deepStrictEqual(letters.symbols, [".", "a", "e", "m", "v"]);
  const { inputs, targets, count } = examplesOf(["ava"], { letters, context: 2 });
  deepStrictEqual(
    Array.from(
      targets,
      (y, i) => `${letters.decode(inputs.subarray(2 * i, 2 * i + 2))}>${letters.decode([y])}`,
    ),
    ["..>a", ".a>v", "av>a", "va>."],
  );
  strictEqual(count, 4);
});

Deno.test("splitWords() cuts at 80 and 90 percent and loses no word", () => {
  const words = Array.from({ length: 57 }, (_, i) => `w${i}`), { train, dev, test } = splitWords(words);
  deepStrictEqual([train.length, dev.length, test.length], [45, 6, 6]);
  deepStrictEqual(new Set([...train, ...dev, ...test]), new Set(words));
});

sharedTest("splitWords() is makemore's", ["text/names.txt"], async (path) => {
  const words = (await Deno.readTextFile(path("text/names.txt"))).split("\n"), letters = new Letters(words);
  const { train, dev, test } = splitWords(words);
  deepStrictEqual(train.slice(0, 8), "yuheng diondre xavien jori juanluis erandi phia samatha".split(" "));
  deepStrictEqual(
    [train, dev, test].map((part) => examplesOf(part, { letters, context: 3 }).count),
    [182625, 22655, 22866],
  );
  // Part 2's notebook had run its cell four times.
  const { train: again } = splitWords(words, { shuffles: 4 });
  strictEqual(examplesOf(again, { letters, context: 3 }).count, 182441);
});

Deno.test("Ngrams and MixedNgrams: odds sum to 1, losses are the mean of their logarithms", () => {
  const words = ["emma", "ava", "mia", "eve"], letters = new Letters(words);
  for (const context of [1, 2, 3]) {
    const seen = examplesOf(words, { letters, context });
    const others = examplesOf(["maeve", "ame"], { letters, context });
    const models = [new Ngrams(seen, letters.count), new MixedNgrams(seen, letters.count)];
    for (const model of models) {
      let sum = 0;
      for (let i = 0; i < others.count; i++) {
        const before = Array.from(others.inputs.subarray(i * context, (i + 1) * context));
        const odds = model.probabilities(before, .5);
        ok(Math.abs(odds.reduce((a, b) => a + b) - 1) < 1e-12);
        sum -= Math.log(odds[others.targets[i]]);
      }
      ok(Math.abs(model.loss(others, .5) - sum / others.count) < 1e-12);
    }
  }
  const pairs = examplesOf(words, { letters, context: 1 });
  strictEqual(
    new Ngrams(pairs, letters.count).loss(examplesOf(["vm"], { letters, context: 1 }), 0),
    Infinity,
  );
});

Deno.test("distinctPairs() counts each pair; softmaxRows() gives odds", () => {
  const letters = new Letters(["aa", "ab"]), all = examplesOf(["aa", "ab"], { letters, context: 1 });
  const { examples, times } = distinctPairs(all, 3);
  deepStrictEqual([...examples.inputs], [0, 1, 1, 1, 2]);
  deepStrictEqual([...examples.targets], [1, 0, 1, 2, 0]);
  deepStrictEqual([...times], [2, 1, 1, 1, 1]);
  const [even, row] = softmaxRows(Float32Array.of(7, 7, 0, Math.log(3)), 2);
  deepStrictEqual([...even], [.5, .5]);
  ok(Math.abs(row[1] - .75) < 1e-6);
});

Deno.test("drawNames() ends a name at the mark, or where it never comes", async () => {
  const letters = new Letters(["ab"]), random = new TorchRandom(1);
  const after = (before: readonly number[]): number[] =>
    [[0, 1, 0], [0, 0, 1], [1, 0, 0]][before.at(-1) ?? 0];
  deepStrictEqual(await drawNames(after, { letters, random, count: 2 }), ["ab.", "ab."]);
  deepStrictEqual(await drawNames(after, { letters, random, count: 1, exponentialRace: true }), ["ab."]);
  const [endless] = await drawNames(() => [0, 1, 0], { letters, random, count: 1 });
  strictEqual(endless.length, 60);
});
