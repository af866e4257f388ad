import { deepStrictEqual, ok, rejects, throws } from "node:assert/strict";
import { uniformAt } from "../../../../kernels/random/philox.ts";
import type { TensorMap } from "../../../../kernels/core/tensor.ts";
import { openCpu } from "../../../../kernels/engine/cpu/cpu_engine.ts";
import type { Engine } from "../../../../kernels/engine/engine.ts";
import { openReference } from "../../../../kernels/engine/reference.ts";
import { openWebgpu } from "../../../../kernels/engine/webgpu/webgpu_engine.ts";
import { charGpt } from "../../../../kernels/models/course/char_gpt.ts";
import { makemore } from "../../../../kernels/models/course/makemore.ts";
import { bigramNet, deepMlp, mlpWithNorm } from "../../../../kernels/models/course/name_nets.ts";
import { mul } from "../../../../kernels/ops/elementwise/arith.ts";
import { mean } from "../../../../kernels/ops/reduce/reduce.ts";
import { scale } from "../../../../kernels/ops/elementwise/scale.ts";
import { adamw } from "../../../../kernels/optim/adamw.ts";
import { sgd } from "../../../../kernels/optim/sgd.ts";
import {
  contextExamples,
  examplesOfWords,
  rowExamples,
} from "../../../../stages/train/on_device/word_examples.ts";
import {
  type DeviceTrainerOptions,
  openDeviceTrainer,
} from "../../../../stages/train/on_device/device_trainer.ts";
import { threadsFor } from "../../../../stages/train/on_device/device_plan.ts";

const words = ["emma", "ava", "mia", "isabella", "zoe", "ada"].map((word) => {
  return Array.from(word, (c) => c.charCodeAt(0) - 96);
});
const plain = sgd({ momentum: 0 });
const examples = contextExamples(words, { context: 3 });
const small: DeviceTrainerOptions = {
  model: mlpWithNorm({ channels: 4, hidden: 9 }),
  examples,
  batch: 5,
  optimizer: plain,
  chunk: 3,
  evalBatch: 4,
  inspection: true,
};

Deno.test("contextExamples() and rowExamples() make the lectures' examples", () => {
  deepStrictEqual([...examples.inputs.subarray(0, 15)], [0, 0, 0, 0, 0, 5, 0, 5, 13, 5, 13, 13, 13, 13, 1]);
  deepStrictEqual([...examples.targets.subarray(0, 6)], [5, 13, 13, 1, 0, 1]);
  deepStrictEqual([...examplesOfWords(examples, 1, 3)], [5, 6, 7, 8, 9, 10, 11, 12]);
  const rows = rowExamples([[5, 13], [1]], { context: 4 }), none = 0xFFFFFFFF;
  deepStrictEqual([...rows.inputs], [0, 5, 13, 0, 0, 1, 0, 0]);
  deepStrictEqual([...rows.targets], [5, 13, 0, none, 1, 0, none, none]);
  throws(() => rowExamples([[1, 2, 3]], { context: 3 }), /row of 3: it has 3 tokens/);
});

Deno.test("train() takes the same steps on every engine, in chunks or at once, and losses() uses running statistics", async () => {
  const run = async (engine: Engine, options: Partial<DeviceTrainerOptions> = {}) => {
    await using trainer = await openDeviceTrainer(engine, { ...small, ...options });
    const losses = await trainer.train({
      rows: someRows(7 * 5),
      rates: Float32Array.from({ length: 7 }, (_, i) => 0.1 + i / 50),
    });
    deepStrictEqual(trainer.steps, 7);
    return {
      losses: [...losses],
      evaluated: [...await trainer.losses(someRows(70))],
      weights: await trainer.weights(),
    };
  };
  const exact = await run(openReference());
  const one = await run(await openCpu({ threads: 1 }));
  deepStrictEqual(await run(await openCpu({ threads: 2 }), { chunk: 100 }), one);
  for (const found of [one, await run(await openWebgpu())]) {
    found.losses.forEach((x, i) => near(x, exact.losses[i], `step ${i}`));
    found.evaluated.forEach((x, i) => near(x, exact.evaluated[i], `example ${i}`));
  }
  ok(one.weights["layers.3.running_std"].data.every((x) => x !== 1), "running statistics moved");
});

Deno.test("inspect() gives the loss and gradients of train(), and changes nothing", async () => {
  await using trainer = await openDeviceTrainer(await openCpu({ threads: 1 }), small);
  await trainer.train({ rows: someRows(10), rates: 0.1 });
  const before = await trainer.weights(), rows = someRows(5), inside = await trainer.inspect(rows);
  deepStrictEqual(await trainer.weights(), before);
  deepStrictEqual(inside.values["layers.4"].shape, [5, 9]); // tanh
  deepStrictEqual(inside.gradients["layers.4"].shape, [5, 9]);
  deepStrictEqual(Object.keys(inside.values).includes("layers.0"), true);
  const [loss] = await trainer.train({ rows, rates: 0.5 });
  near(inside.loss, loss, "loss");
  const after = await trainer.weights();
  for (const [name, { data }] of Object.entries(inside.gradients)) {
    if (after[name] === undefined) continue;
    data.forEach((g, i) => near(after[name].data[i], before[name].data[i] - 0.5 * g, `${name}[${i}]`));
  }
});

Deno.test("train() averages over targets that are not ignored, adds a penalty, and takes manual gradients", async () => {
  const rows = rowExamples(words, { context: 10 });
  const options = { model: makemore("rnn", { vocabSize: 27, seqLen: 10, channels: 4, hidden: 4 }), batch: 2 };
  await using trainer = await openDeviceTrainer(openReference(), {
    ...small,
    ...options,
    examples: rows,
    optimizer: adamw(),
  });
  const each = await trainer.losses(Uint32Array.of(0, 1));
  const [loss] = await trainer.train({ rows: Uint32Array.of(0, 1), rates: 0.01 });
  near(each.reduce((a, b) => a + b) / 9, loss, "mean over emma and ava, with their ends");
  near(
    await trainer.loss(Uint32Array.of(0)),
    (await trainer.losses(Uint32Array.of(0))).reduce((a, b) => a + b) / 5,
    "loss",
  );

  const model = bigramNet(), one = contextExamples(words, { context: 1 }), batch = 6;
  const bigram = { model, examples: one, batch, optimizer: plain };
  const penalty: DeviceTrainerOptions["penalty"] = (scope) => {
    const w = scope.at("layers.2").param("weight", [27, 27], { kind: "normal", std: 1 });
    return scale(mean(mul(w, w)), 0.01);
  };
  await using without = await openDeviceTrainer(openReference(), bigram);
  await using penalized = await openDeviceTrainer(openReference(), { ...bigram, penalty });
  const numbers = Uint32Array.of(0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5), steps = { rows: numbers, rates: 5 };
  const first = await without.train(steps), second = await penalized.train(steps);
  const data = Float32Array.from((await openedWeights(bigram))["layers.2.weight"].data);
  near(second[0] - first[0], 0.01 * data.reduce((sum, w) => sum + w * w, 0) / 729, "penalty");

  await using manual = await openDeviceTrainer(openReference(), {
    ...bigram,
    manual: (scope) => ({
      loss: mean(scope.at("layers.2").param("weight", [27, 27], { kind: "zeros" })),
      gradients: { "layers.2.weight": scope.at("layers.2").param("weight", [27, 27], { kind: "zeros" }) },
    }),
  });
  await manual.train({ rows: numbers.subarray(0, 6), rates: 0.25 }); // the gradient equals the weights
  (await manual.weights())["layers.2.weight"].data.forEach((w, i) => near(w, 0.75 * data[i], "weight"));
});

Deno.test("train() on a text takes windows, with new dropout masks in each step; predict() gives logits of every position", async () => {
  const text = Uint32Array.from(
    { length: 200 },
    (_, i) => Math.floor(7 * uniformAt(1, "text", Math.floor(i / 2))),
  );
  const model = charGpt({ vocabSize: 7, seqLen: 6, channels: 8, layers: 1, heads: 2, dropout: 0.5 });
  const options = { model, examples: { context: 6, text }, batch: 4, optimizer: adamw(), chunk: 4 };
  await using trainer = await openDeviceTrainer(await openCpu({ threads: 1 }), options);
  const same = await trainer.train({ rows: new Uint32Array(12), rates: 0 });
  ok(same[0] !== same[1] && same[1] !== same[2], "masks differ");
  deepStrictEqual((await trainer.predict(text.subarray(0, 6))).length, 42);
  const rows = Uint32Array.from({ length: 4 * 150 }, (_, i) => Math.floor(194 * uniformAt(2, "rows", i)));
  const before = await trainer.loss(rows);
  await trainer.train({ rows, rates: 0.01 });
  ok(await trainer.loss(rows) < before - 0.2);
});

Deno.test("openDeviceTrainer() and its trainer name what does not fit", async () => {
  await rejects(openDeviceTrainer(openReference(), { ...small, batch: 0 }), /batch 0/);
  const weights = { nothing: { shape: [1], data: Float32Array.of(1) } };
  await rejects(
    openDeviceTrainer(openReference(), { ...small, weights }),
    /Cannot load nothing: mlp has layers.0.weight/,
  );
  await using trainer = await openDeviceTrainer(openReference(), { ...small, inspection: false });
  await rejects(trainer.train({ rows: Uint32Array.of(1, 2), rates: 1 }), /whole batches of 5/);
  await rejects(trainer.train({ rows: Uint32Array.of(1, 2, 3, 4, 999), rates: 1 }), /example 999 at 4/);
  await rejects(trainer.inspect(someRows(5)), /inspection: true/);
  await rejects(trainer.predict([1]), /from 1 tokens: wanted 3/);
  throws(() => trainer.write(weights), /Cannot set nothing/);
  deepStrictEqual(threadsFor(small), { threads: 1 });
  deepStrictEqual(threadsFor({ ...small, model: deepMlp({ hidden: 512 }), batch: 512 }), {});
});

async function openedWeights(options: DeviceTrainerOptions): Promise<TensorMap> {
  await using trainer = await openDeviceTrainer(openReference(), options);
  return await trainer.weights();
}

function someRows(count: number): Uint32Array<ArrayBuffer> {
  const n = examples.targets.length;
  return Uint32Array.from({ length: count }, (_, i) => Math.floor(n * uniformAt(1, "rows", i)));
}

function near(x: number, wanted: number, what: string): void {
  ok(Math.abs(x - wanted) <= 1e-4 * (0.1 + Math.abs(wanted)), `${what}: ${x}, wanted ${wanted}`);
}
