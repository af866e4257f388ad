import { deepStrictEqual, ok } from "node:assert/strict";
import { TorchRandom } from "../../../kernels/random/torch_random.ts";
import { means, softmax, stepsReasonToDiffer, trainOn } from "../../../pipelines/lesson/net_training.ts";

Deno.test("trainOn() draws batches with randint from the first examples, and uses the learning rate of each step", async () => {
  const steps: { rows: number[]; rates: number[] }[] = [];
  const net: any = { // a stub, since only train() is called
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
  const items = trainOn(net, options), progress: string[] = [];
  let next = await items.next();
  for (; !next.done; next = await items.next()) {
    if (next.value.kind === "progress") progress.push(next.value.text);
  }
  deepStrictEqual([...next.value], Array.from({ length: 502 }, (_, step) => 2 * step));
  deepStrictEqual(progress, ["step 500 of 502: loss 499.0000", "step 502 of 502: loss 1001.0000"]);
  deepStrictEqual(steps.flatMap(({ rows }) => rows), [...new TorchRandom(5).randint(1004, { high: 7 })]);
  deepStrictEqual(steps[1].rates, [500, 501]);
});

Deno.test("softmax() accepts large logits; means() averages groups of neighbours and leaves out an incomplete one", () => {
  deepStrictEqual([...softmax(Float32Array.of(1000, 1000))], [.5, .5]);
  ok(Math.abs(softmax(Float32Array.of(0, Math.log(3)))[1] - .75) < 1e-7);
  deepStrictEqual(means([1, 3, 5, 7, 100], 2), { x: [1, 3], y: [2, 6] });
});

Deno.test("stepsReasonToDiffer() is null at the lecture's number of steps only", () => {
  deepStrictEqual([99, 100, 101].map((steps) => stepsReasonToDiffer(steps, 100)), [
    "a shortened run",
    null,
    "a longer run",
  ]);
});
