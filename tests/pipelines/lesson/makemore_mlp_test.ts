/** The lesson on Bengio's net: the lecture's figures, and that its tensors do what its numbers do. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { TorchRandom } from "../../../kernels/core/torch_random.ts";
import { openCpu } from "../../../kernels/engine/cpu.ts";
import { openReference } from "../../../kernels/engine/reference.ts";
import makemoreMlp from "../../../pipelines/makemore_mlp.ts";
import { examplesOf, Letters } from "../../../pipelines/lesson/letters.ts";
import { nextOdds } from "../../../pipelines/lesson/mlp_forward.ts";
import { drawWeights, MlpNet, type MlpWeights, parameterCount } from "../../../pipelines/lesson/mlp_net.ts";
import { means } from "../../../pipelines/lesson/mlp_training.ts";
import { sharedTest } from "../../shared_data.ts";
import { runLesson } from "./run_lesson.ts";

sharedTest(
  "makemore-mlp reaches the lecture's figures, but those that need --full",
  ["text/names.txt"],
  async (path) => {
    const source = path("text/names.txt"), values = { steps: 3000 };
    const { verdicts, text } = await runLesson(makemoreMlp, { source, values });
    deepStrictEqual(verdicts.filter((verdict) => verdict.endsWith(": same")).length, 3, verdicts.join("\n"));
    deepStrictEqual(
      verdicts.filter((verdict) => verdict.endsWith(": not compared")).map((verdict) =>
        verdict.split(":")[0]
      ),
      ["train", "dev"],
    );
    match(text, /not compared: another number of steps/);
    const dev = Number(/vectors of 10, 200 neurons +[\d.]+ +([\d.]+)/.exec(text)?.[1]);
    ok(dev > 2.3 && dev < 3, `dev ${dev}`); // 2.87 after 3,000 steps
    const calm = await runLesson(makemoreMlp, { source, values, solution: "E02" });
    deepStrictEqual(calm.verdicts.map((verdict) => verdict.split(": ").at(-1)), ["same", "same"]);
  },
);

Deno.test("makemore-mlp and its solutions run on the names that install with the program", async () => {
  const values = { steps: 500 };
  for (const solution of [undefined, "E01", "E03"]) {
    const { verdicts, text } = await runLesson(makemoreMlp, { values, ...(solution && { solution }) });
    ok(!verdicts.some((verdict) => verdict.endsWith(": differs")), verdicts.join("\n"));
    match(text, /not compared: other data/);
  }
});

const words = ["emma", "ava", "mia", "eve"], letters = new Letters(words), context = 3;
const sizes = { letters: letters.count, context, embedding: 4, hidden: 5 };
const examples = examplesOf(words, { letters, context });

Deno.test("MlpNet has the notebook's parameters, drawn one after another", () => {
  const weights = drawWeights(
    { letters: 27, context: 3, embedding: 10, hidden: 200 },
    new TorchRandom(2147483647),
  );
  strictEqual(parameterCount(weights), 11897);
  deepStrictEqual(Object.entries(weights).map(([name, { shape }]) => `${name} ${shape}`), [
    "C 27,10",
    "W1 30,200",
    "b1 200",
    "W2 200,27",
    "b2 27",
  ]);
  ok(Math.abs(weights.C.data[0] - 1.56736195) < 1e-6); // the generator's first number
});

Deno.test("MlpNet.losses() are -log of what nextOdds() computes number by number", async () => {
  const weights = drawWeights(sizes, new TorchRandom(1));
  await using net = await MlpNet.open({ engine: openReference(), weights, examples, batch: 2 });
  const losses = await net.losses(examples);
  strictEqual(losses.length, examples.count);
  for (let i = 0; i < examples.count; i++) {
    const before = [9, ...examples.inputs.subarray(i * context, (i + 1) * context)]; // only the last three count
    const odds = nextOdds(weights, { before, context });
    ok(Math.abs(losses[i] + Math.log(odds[examples.targets[i]])) < 1e-5, `${i}: ${losses[i]}`);
  }
});

Deno.test("MlpNet.train() goes down the slope of its batch's loss, step by step, at each step's rate", async () => {
  const weights = drawWeights(sizes, new TorchRandom(2)), batch = Uint32Array.of(0, 3, 7, 3);
  const chosen = {
    context,
    count: batch.length,
    inputs: Uint32Array.from([...batch].flatMap((n) => [...examples.inputs.subarray(n * 3, n * 3 + 3)])),
    targets: batch.map((n) => examples.targets[n]),
  };
  await using net = await MlpNet.open({ engine: await openCpu({ threads: 1 }), weights, examples, batch: 4 });
  const loss = await net.loss(chosen), still = await net.train([{ batch, rate: 0 }, { batch, rate: 1e-2 }]);
  ok(Math.abs(still[0] - loss) < 1e-5 && still[0] === still[1], `${still}, loss ${loss}`);
  const after = await net.weights();
  // By differences of the float64 loss: the step was -rate times the slope.
  for (const name of ["C", "W1", "b1", "W2", "b2"] as const) {
    const at = name === "C" ? 4 * chosen.inputs[8] : 1, h = 1e-3;
    const moved = async (by: number): Promise<number> => {
      const data = weights[name].data.slice();
      data[at] += by;
      const other: MlpWeights = { ...weights, [name]: { ...weights[name], data } };
      await using there = await MlpNet.open({ engine: openReference(), weights: other, examples, batch: 4 });
      return await there.loss(chosen);
    };
    const slope = (await moved(h) - await moved(-h)) / (2 * h);
    const step = after[name].data[at] - weights[name].data[at];
    ok(Math.abs(step + 1e-2 * slope) < 2e-5, `${name}: moved ${step}, slope ${slope}`);
  }
});

Deno.test("means() averages neighbours and leaves out a rest", () => {
  deepStrictEqual(means([1, 3, 5, 7, 100], 2), { x: [1, 3], y: [2, 6] });
});
