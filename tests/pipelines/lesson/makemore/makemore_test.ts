/** Tests the lesson on makemore.py in runs of a few steps. */
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { openCpu } from "../../../../kernels/engine/cpu/cpu_engine.ts";
import { openReference } from "../../../../kernels/engine/reference.ts";
import { makemoreTypes } from "../../../../kernels/models/course/makemore.ts";
import { ignoredTarget } from "../../../../kernels/ops/loss/cross_entropy.ts";
import { UsageError } from "../../../../stages/run/usage_error.ts";
import { type Item, lines } from "../../../../pipelines/lesson/item.ts";
import { Letters } from "../../../../pipelines/lesson/letters.ts";
import { makemoreData } from "../../../../pipelines/lesson/makemore/makemore_data.ts";
import { regularizationHelps } from "../../../../pipelines/lesson/makemore/makemore_claims.ts";
import { MakemoreTrainer, topKWeights } from "../../../../pipelines/lesson/makemore/makemore_trainer.ts";
import { wordsBySplit } from "../../../../pipelines/lesson/makemore/words_by_split.ts";
import makemore from "../../../../pipelines/makemore.ts";
import { sharedTest } from "../../../shared_data.ts";
import { runLesson } from "../run_lesson.ts";
import { withFolder } from "../../../temporary.ts";

const words = "ada bob eve ida ian mia leo lea ana ava eva zoe noa ben tom tim sam pip una ivo".split(" ");
const hyperparameters = {
  nLayer: 2,
  nHead: 2,
  nEmbd: 8,
  nEmbd2: 8,
  batchSize: 8,
  learningRate: 1e-2,
  weightDecay: .01,
  seed: 5,
};

/** Runs a generator of items to its end and returns its result. */
async function resultOf(items: AsyncGenerator<Item, Float32Array>): Promise<Float32Array> {
  let next = await items.next();
  while (!next.done) next = await items.next();
  return next.value;
}

sharedTest(
  "makemore has the parameter counts and the test set of makemore.py, and compares all models",
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
      match(text, /31,033 words for training and 1,000 for testing/);
      match(
        text,
        /inputs +\. a p o l l o \. \. \. \. \. \. \. \. \.\n +targets +a p o l l o \. - - - - - - - - -/,
      );
      match(text, /lstm +36635/);
      match(text, /transformer +204544/);
      match(text, /in\s+at\s+most\s+2\s+steps\./);
      match(text, /has\s+the\s+lowest\s+test\s+loss\s+of\s+all/);
      const sampled = await runLesson(makemore, {
        source,
        out,
        values: { type: "bow", sampleOnly: true, topK: 3 },
      });
      const counts = [...sampled.text.matchAll(/(in train|in test|new): (\d+)/g)].map(([, , n]) => Number(n));
      strictEqual(counts.reduce((a, b) => a + b), 50);
    }),
);

Deno.test("makemore continues from the model in --out and refuses a model that does not fit", () =>
  withFolder(async (out) => {
    const source = `${out}/words.txt`;
    await Deno.writeTextFile(source, words.join("\n"));
    const values = { type: "bigram", maxSteps: 30, learningRate: .05 };
    const testLoss = ({ text }: { readonly text: string }): number =>
      Number(/, test ([0-9.]+);/.exec(text)?.[1]);
    const first = await runLesson(makemore, { source, out, values });
    const second = await runLesson(makemore, { source, out, values: { ...values, resume: "auto" } });
    match(
      second.text,
      new RegExp(`Continues from \`${out}/bigram.safetensors\`, whose test loss is ${testLoss(first)}`),
    );
    ok(testLoss(second) < testLoss(first));

    for (
      const [solution, head] of [[
        "E01",
        /test loss +0.0005 +0.002[^]* steps\.\s+[✓✗] makemore\.py trains/,
      ], [
        "E02",
        /regularized +\d+ [^]*The\s+lowest\s+test\s+loss\s+of\s+the\s+regularized\s+run\s+is/,
      ]] as const
    ) {
      const small = { maxSteps: 10, nLayer: 1, nHead: 2, nEmbd: 8, nEmbd2: 8 };
      match((await runLesson(makemore, { source, solution, values: small })).text, head);
    }

    const given = { maxSteps: 2, nLayer: 1, nHead: 2, nEmbd: 8, learningRate: 2e-3, weightDecay: .1 };
    const { items } = await runLesson(makemore, { source, solution: "E02", values: given });
    const differences = items.flatMap((item) =>
      item.kind === "say" && item.text.startsWith("The second run differs") ? [item.text] : []
    );
    match(
      differences.join(),
      /^The .* on another one\. Learning rate: it starts at 0\.002 and falls to 0, so/,
    );
    const only = await runLesson(makemore, { source, out, values: { type: "bigram", sampleOnly: true } });
    ok(!/shortened/.test(only.text), "nothing is trained");

    const refused = async (more: Readonly<Record<string, unknown>>, message: RegExp): Promise<void> => {
      await rejects(runLesson(makemore, { source, out, values: { ...values, ...more } }), (error) => {
        ok(error instanceof UsageError);
        match(error.message, message);
        return true;
      });
    };
    await refused({ resume: "auto", type: "rnn" }, /No model at .*rnn.safetensors: train one first/);
    await refused({ sampleOnly: true, seed: 4 }, /its seed is 3407, but this run's is 4: give the options/);
    await refused({ type: "transformer", nHead: 3 }, /--n-head: 3: expected a divisor of --n-embd 64/);
    await Deno.writeTextFile(source, [...words, "xyz"].join("\n"));
    await refused({ resume: "auto" }, /its alphabet is \.abd.*, but this run's is \.abd/);
  }));

Deno.test("regularization that does not help: the first run has not overfitted if its last step is its best", () => {
  const no = (bestStep: number) => regularizationHelps.no({ value: 2, other: 2, bestStep, steps: 1000 });
  match(no(900), /no lower than the 2\.0000 of the first run\.$/);
  match(no(1000), /of the first run\. The first run's test loss is lowest at its last step, so it does not/);
});

Deno.test("makemoreData() takes a random tenth as test words; padding after a word has no target", () => {
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

Deno.test("MakemoreTrainer's losses and words agree with float64 for each type", async () => {
  const letters = new Letters(words),
    data = makemoreData(words, { letters, seed: 5 }),
    engine = await openCpu({ threads: 1 });
  for (const type of makemoreTypes) {
    const results = [];
    for (const one of [engine, openReference()]) {
      await using trainer = await MakemoreTrainer.open(type, { engine: one, data, hyperparameters });
      const losses = await resultOf(trainer.train(6, { total: 6 }));
      const evaluation = await trainer.evaluate();
      results.push({ losses, test: evaluation.test, words: await trainer.sample(2, { topK: 3 }) });
    }
    const [ours, exact] = results;
    ours.losses.forEach((loss, i) => ok(Math.abs(loss - exact.losses[i]) < 1e-4, `${type}, step ${i}`));
    ok(ours.losses[5] < ours.losses[0], type);
    ok(Math.abs(ours.test - exact.test) < 1e-4, type);
    deepStrictEqual(ours.words, exact.words, type);
  }
});

Deno.test("wordsBySplit() groups words into training words, test words and new words", () => {
  const groups = wordsBySplit(["ada", "xy", "bob", ""], { train: ["ada"], test: ["bob"] });
  deepStrictEqual(groups, lines(["in train: 1", "  ada", "in test: 1", "  bob", "new: 2", "  xy (empty)"]));
});

Deno.test("topKWeights() keeps the k largest logits", () => {
  const logits = Float32Array.of(0, Math.log(3), -1, Math.log(2));
  deepStrictEqual(Array.from(topKWeights(logits, 2), (weight) => weight > 0), [false, true, false, true]);
  ok(Math.abs(topKWeights(logits, 4)[1] / topKWeights(logits, 4)[3] - 1.5) < 1e-6);
  deepStrictEqual([...topKWeights(logits, 1)], [0, 1, 0, 0]);
});
