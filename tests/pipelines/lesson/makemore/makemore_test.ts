/** makemore.py's family on a few steps: counts are its own to the last one, files go on, words are sorted. */
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { openCpu } from "../../../../kernels/engine/cpu/cpu_engine.ts";
import { openReference } from "../../../../kernels/engine/reference.ts";
import { makemoreTypes } from "../../../../kernels/models/course/makemore.ts";
import { ignoredTarget } from "../../../../kernels/ops/loss/cross_entropy.ts";
import { UsageError } from "../../../../pipelines/cli/usage_error.ts";
import { type Item, lines } from "../../../../pipelines/lesson/item.ts";
import { Letters } from "../../../../pipelines/lesson/letters.ts";
import { makemoreData, MakemoreRun, oddsOf } from "../../../../pipelines/lesson/makemore/makemore_run.ts";
import { sortedWords } from "../../../../pipelines/lesson/makemore/sorted_words.ts";
import makemore from "../../../../pipelines/makemore.ts";
import { sharedTest } from "../../../shared_data.ts";
import { runLesson } from "../run_lesson.ts";
import { withFolder } from "../../../temporary.ts";

const words = "ada bob eve ida ian mia leo lea ana ava eva zoe noa ben tom tim sam pip una ivo".split(" ");
const settings = {
  nLayer: 2,
  nHead: 2,
  nEmbd: 8,
  nEmbd2: 8,
  batchSize: 8,
  learningRate: 1e-2,
  weightDecay: .01,
  seed: 5,
};

async function lastOf(items: AsyncGenerator<Item, Float32Array>): Promise<Float32Array> {
  let next = await items.next();
  while (!next.done) next = await items.next();
  return next.value;
}

sharedTest(
  "makemore has makemore.py's parameter counts and test set, and its table of all types",
  ["text/names.txt"],
  (path) =>
    withFolder(async (out) => {
      const source = path("text/names.txt");
      const { outcomes, text } = await runLesson(makemore, { source, out, values: { maxSteps: 2 } });
      deepStrictEqual(outcomes.slice(0, -1), [
        "places in a row: 16, lecture 16: same",
        ...["729", "12827", "69147", "11803", "28315", "204544"].map((n) =>
          `parameters: ${n}, lecture ${n}: same`
        ),
      ]);
      match(outcomes.at(-1) ?? "", /above 1.93, lecture at most 1.93: not compared/);
      match(text, /31,033 words to learn from and 1,000 to test by/);
      match(
        text,
        /sees +\. a p o l l o \. \. \. \. \. \. \. \. \.\n +should +a p o l l o \. - - - - - - - - -/,
      );
      match(text, /lstm +36635/);
      match(text, /transformer +204544/);
      const drawn = await runLesson(makemore, {
        source,
        out,
        values: { type: "bow", sampleOnly: true, topK: 3 },
      });
      const counts = [...drawn.text.matchAll(/(in train|in test|new): (\d+)/g)].map(([, , n]) => Number(n));
      strictEqual(counts.reduce((a, b) => a + b), 50);
    }),
);

Deno.test("makemore goes on with the model in --out and refuses another's", () =>
  withFolder(async (out) => {
    const source = `${out}/words.txt`;
    await Deno.writeTextFile(source, words.join("\n"));
    const values = { type: "bigram", maxSteps: 30, learningRate: .05 };
    const testLoss = ({ text }: { readonly text: string }): number =>
      Number(/, test ([0-9.]+);/.exec(text)?.[1]);
    const first = await runLesson(makemore, { source, out, values });
    const second = await runLesson(makemore, { source, out, values: { ...values, resume: "auto" } });
    match(second.text, new RegExp(`goes on from \`${out}/bigram.safetensors\`, test ${testLoss(first)}`));
    ok(testLoss(second) < testLoss(first));

    for (const [solution, head] of [["E01", /test loss +0.0005 +0.002/], ["E02", /mended +\d+ /]] as const) {
      const small = { maxSteps: 10, nLayer: 1, nHead: 2, nEmbd: 8, nEmbd2: 8 };
      match((await runLesson(makemore, { source, solution, values: small })).text, head);
    }

    const refused = async (more: Readonly<Record<string, unknown>>, message: RegExp): Promise<void> => {
      await rejects(runLesson(makemore, { source, out, values: { ...values, ...more } }), (error) => {
        ok(error instanceof UsageError);
        match(error.message, message);
        return true;
      });
    };
    await refused({ resume: "auto", type: "rnn" }, /No model at .*rnn.safetensors: train one first/);
    await refused({ sampleOnly: true, seed: 4 }, /its seed: 3407, wanted 4/);
    await refused({ type: "transformer", nHead: 3 }, /--n-head: 3: expected a divisor of --n-embd 64/);
    await Deno.writeTextFile(source, [...words, "xyz"].join("\n"));
    await refused({ resume: "auto" }, /its letters: \.abd.*, wanted \.abd/);
  }));

Deno.test("makemoreData() holds a random tenth out; what is right of a word counts for nothing", () => {
  const letters = new Letters(words), { train, test, examples } = makemoreData(words, { letters, seed: 1 });
  deepStrictEqual([train.length, test.length, examples.context], [18, 2, 4]);
  deepStrictEqual(new Set([...train, ...test]), new Set(words));
  const first = letters.encode(train[0]);
  deepStrictEqual([...examples.inputs.subarray(0, 4)], [0, ...first]);
  deepStrictEqual([...examples.targets.subarray(0, 4)], [...first, 0]);
  const longer = makemoreData([...words, "maximilian"], {
    letters: new Letters([...words, "x", "l"]),
    seed: 1,
  });
  strictEqual(longer.examples.context, 11);
  ok(longer.examples.targets.includes(ignoredTarget));
});

Deno.test("MakemoreRun trains each type as float64 does but for rounding, and draws the same words", async () => {
  const letters = new Letters(words),
    data = makemoreData(words, { letters, seed: 5 }),
    engine = await openCpu({ threads: 1 });
  for (const type of makemoreTypes) {
    const results = [];
    for (const one of [engine, openReference()]) {
      await using run = await MakemoreRun.open(type, { engine: one, data, settings });
      const losses = await lastOf(run.train(6, { of: 6 }));
      results.push({ losses, seen: await run.evaluate(), drawn: await run.sample(2, { topK: 3 }) });
    }
    const [ours, exact] = results;
    ours.losses.forEach((loss, i) => ok(Math.abs(loss - exact.losses[i]) < 1e-4, `${type}, step ${i}`));
    ok(ours.losses[5] < ours.losses[0], type);
    ok(Math.abs(ours.seen.test - exact.seen.test) < 1e-4, type);
    deepStrictEqual(ours.drawn, exact.drawn, type);
  }
});

Deno.test("sortedWords() tells what was learned from, held out and new", () => {
  const kinds = sortedWords(["ada", "xy", "bob", ""], { train: ["ada"], test: ["bob"] });
  deepStrictEqual(kinds, lines(["in train: 1", "  ada", "in test: 1", "  bob", "new: 2", "  xy (nothing)"]));
});

Deno.test("oddsOf() leaves the k likeliest", () => {
  const logits = Float32Array.of(0, Math.log(3), -1, Math.log(2));
  deepStrictEqual(Array.from(oddsOf(logits, 2), (odds) => odds > 0), [false, true, false, true]);
  ok(Math.abs(oddsOf(logits, 4)[1] / oddsOf(logits, 4)[3] - 1.5) < 1e-6);
  deepStrictEqual([...oddsOf(logits, 1)], [0, 1, 0, 0]);
});
