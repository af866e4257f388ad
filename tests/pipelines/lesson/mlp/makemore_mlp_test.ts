/** The lesson on Bengio's net: the lecture's figures, and what the lessons on nets train by. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { TorchRandom } from "../../../../kernels/random/torch_random.ts";
import makemoreMlp from "../../../../pipelines/makemore_mlp.ts";
import { examplesOf, Letters, splitExamples, splitWords } from "../../../../pipelines/lesson/letters.ts";
import { means, softmax, trainOn } from "../../../../pipelines/lesson/net_training.ts";
import { sharedTest } from "../../../shared_data.ts";
import { runLesson } from "../run_lesson.ts";

sharedTest(
  "makemore-mlp reaches the lecture's figures, but those that need --full",
  ["text/names.txt"],
  async (path) => {
    const source = path("text/names.txt"), values = { steps: 3000 };
    const { outcomes, text } = await runLesson(makemoreMlp, { source, values });
    deepStrictEqual(outcomes.filter((outcome) => outcome.endsWith(": same")).length, 6, outcomes.join("\n"));
    deepStrictEqual(
      outcomes.filter((outcome) => outcome.endsWith(": not compared")).map((outcome) =>
        outcome.split(":")[0]
      ),
      ["train", "dev"],
    );
    match(text, /not compared: another number of steps/);
    const dev = Number(/vectors of 10, 200 neurons +[\d.]+ +([\d.]+)/.exec(text)?.[1]);
    ok(dev > 2.3 && dev < 3, `dev ${dev}`); // 2.87 after 3,000 steps
    const calm = await runLesson(makemoreMlp, { source, values, solution: "E02" });
    deepStrictEqual(calm.outcomes.map((outcome) => outcome.split(": ").at(-1)), ["same", "same"]);
  },
);

Deno.test("makemore-mlp and its solutions run on the names that install with the program", async () => {
  const values = { steps: 500 };
  for (const solution of [undefined, "E01", "E03"]) {
    const { outcomes, text } = await runLesson(makemoreMlp, { values, ...(solution && { solution }) });
    ok(!outcomes.some((outcome) => outcome.endsWith(": differs")), outcomes.join("\n"));
    match(text, /not compared: other data/);
  }
});

Deno.test("trainOn() draws batches by randint among the first examples, at each step's rate", async () => {
  const steps: { rows: number[]; rates: number[] }[] = [];
  const net: any = { // only train() is asked for
    train: ({ rows, rates }: { rows: Uint32Array; rates: Float32Array }): Promise<Float32Array> => {
      steps.push({ rows: [...rows], rates: [...rates] });
      return Promise.resolve(rates.map((rate) => 2 * rate));
    },
  };
  const options = {
    steps: 502,
    among: 7,
    batch: 2,
    random: new TorchRandom(5),
    rate: (step: number) => step,
  };
  const items = trainOn(net, options), said: string[] = [];
  let next = await items.next();
  for (; !next.done; next = await items.next()) {
    if (next.value.kind === "progress") said.push(next.value.text);
  }
  deepStrictEqual([...next.value], Array.from({ length: 502 }, (_, step) => 2 * step));
  deepStrictEqual(said, ["step 500 of 502: loss 499.0000", "step 502 of 502: loss 1001.0000"]);
  deepStrictEqual(steps.flatMap(({ rows }) => rows), [...new TorchRandom(5).randint(1004, { high: 7 })]);
  deepStrictEqual(steps[1].rates, [500, 501]);
});

Deno.test("splitExamples() gives all examples of splitWords(), part after part", () => {
  const words = ["ann", "bob", "cy", "dora", "eve", "fay", "gil", "hal", "ian", "joe"];
  const letters = new Letters(words), { examples, rows } = splitExamples(words, { letters, context: 2 });
  const split = splitWords(words);
  for (const part of ["train", "dev", "test"] as const) {
    const own = examplesOf(split[part], { letters, context: 2 });
    deepStrictEqual([...rows[part]].map((row) => examples.targets[row]), [...own.targets], part);
    deepStrictEqual(
      [...rows[part]].flatMap((row) => [...examples.inputs.subarray(2 * row, 2 * row + 2)]),
      [...own.inputs],
      part,
    );
  }
  strictEqual(rows.train.length + rows.dev.length + rows.test.length, examples.count);
});

Deno.test("softmax() gives odds, also of large logits; means() averages neighbours and leaves out a rest", () => {
  deepStrictEqual([...softmax(Float32Array.of(1000, 1000))], [.5, .5]);
  ok(Math.abs(softmax(Float32Array.of(0, Math.log(3)))[1] - .75) < 1e-7);
  deepStrictEqual(means([1, 3, 5, 7, 100], 2), { x: [1, 3], y: [2, 6] });
});
