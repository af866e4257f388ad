/**
 * Tests sequences that hold several documents: losses and gradients are those of the documents alone.
 *
 * @module
 */
import { deepStrictEqual, ok, throws } from "node:assert/strict";
import { openCpu } from "../../../kernels/engine/cpu/cpu_engine.ts";
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import { gpt } from "../../../kernels/models/gpt.ts";
import { llama } from "../../../kernels/models/llama.ts";
import { initialWeights, type Model } from "../../../kernels/models/model.ts";
import { nanochat } from "../../../kernels/models/nanochat.ts";
import { sgd } from "../../../kernels/optim/sgd.ts";
import type { Batch } from "../../../stages/items.ts";
import { batchInputs } from "../../../stages/model/check_inputs.ts";
import { openModel } from "../../../stages/model/model_session.ts";
import { plan } from "../../../stages/model/plan.ts";

const sizes = { layers: 2, heads: 2, channels: 16, seqLen: 24, vocabSize: 40 };
const models: Readonly<Record<string, Model>> = {
  gpt: gpt({ ...sizes, vocabPad: 1 }),
  llama: llama({ ...sizes, keyHeads: 1, headWidth: 8, hidden: 32, window: 6, globalEvery: 2 }),
  nanochat: nanochat({ ...sizes, channels: 32, keyHeads: 1, windowPattern: "SL" }),
};

/** Returns initial weights in which no tensor is all zeros, so that every part of the model shows. */
function weightsOf(model: Model): TensorMap {
  return Object.fromEntries(
    Object.entries(initialWeights(model, 1)).map(([name, { shape, data }]) => [
      name,
      { shape, data: Float32Array.from(data, (x, i) => x === 0 ? Math.sin(i + 1) / 5 : x) },
    ]),
  );
}

const lengths = [9, 1, 14], begins = [0, 9, 10];
const ids = Uint32Array.from({ length: 24 }, (_, i) => (i * 11 + 5) % 40);
const packed: Batch = {
  inputs: ids,
  targets: ids.map((id) => (id + 3) % 40),
  segments: Uint32Array.from(ids, (_, i) => begins.findLast((begin) => begin <= i)!),
  shape: [1, 1, 24],
};

for (const [name, model] of Object.entries(models)) {
  Deno.test(`documents in one sequence of a ${name} have the losses and gradients of documents alone`, async () => {
    const engine = await openCpu({ threads: 1 }), weights = weightsOf(model);
    const training = { optimizer: sgd(), clip: 0, shape: packed.shape };
    await using whole = await openModel(engine, {
      plan: plan({ model, training: { ...training, segmented: true } }),
      weights,
    });
    const together = await whole.gradients(packed);
    const sums = new Map<string, Float64Array>();
    for (const [i, length] of lengths.entries()) {
      const cut = (all: Uint32Array) => all.slice(begins[i], begins[i] + length);
      const shape = [1, 1, length] as const;
      await using alone = await openModel(engine, {
        plan: plan({ model, training: { ...training, shape } }),
        weights,
      });
      const own = { inputs: cut(ids), targets: cut(packed.targets), shape, divisor: 24 };
      for (const [label, { data }] of Object.entries(await alone.gradients(own))) {
        const sum = sums.get(label) ?? new Float64Array(data.length);
        data.forEach((x, at) => sum[at] += x);
        sums.set(label, sum);
      }
    }
    deepStrictEqual([...sums.keys()], Object.keys(together));
    for (const [label, sum] of sums) {
      const scale = Math.hypot(...sum) / Math.sqrt(sum.length) + 1e-6;
      together[label].data.forEach((x, at) =>
        ok(Math.abs(x - sum[at]) < 2e-4 * scale, `${label}[${at}]: ${x}, ${sum[at]}`)
      );
    }
  });
}

for (const [name, model] of Object.entries(models)) {
  Deno.test(`the temperature of a plan divides the logits in the losses of a ${name}`, async () => {
    const engine = await openCpu({ threads: 1 }), weights = weightsOf(model), temperature = 0.7;
    const planned = plan({
      model,
      evaluation: { batch: 1, seqLen: 24 },
      sampling: true,
      temperature,
    });
    await using session = await openModel(engine, { plan: planned, weights });
    const losses = await session.losses(packed.inputs, packed.targets);
    for (const i of [0, 7, 23]) {
      const logits = (await session.logits(ids.subarray(0, i + 1))).map((x) => x / temperature);
      const sum = logits.reduce((total, x) => total + Math.exp(x), 0);
      const wanted = Math.log(sum) - logits[packed.targets[i]];
      ok(Math.abs(losses[i] - wanted) < 1e-5, `loss ${i}: ${losses[i]}, wanted ${wanted}`);
    }
  });
}

Deno.test("batchInputs() refuses segments without a plan for them, and those that run backwards or ahead", () => {
  const training = { optimizer: sgd(), clip: 0, shape: packed.shape }, { gpt: model } = models;
  const without = plan({ model, training }),
    segmented = plan({ model, training: { ...training, segmented: true } });
  throws(() => batchInputs(without, packed), /segmented: true/);
  deepStrictEqual(batchInputs(segmented, packed).firstKeys, packed.segments);
  const { segments: _, ...plain } = packed;
  deepStrictEqual(batchInputs(segmented, plain).firstKeys, new Uint32Array(24));
  const changed = (at: number, to: number) => ({ ...packed, segments: packed.segments!.with(at, to) });
  batchInputs(segmented, changed(23, 23));
  for (const [at, to] of [[23, 24], [23, 9], [9, 10], [0, 1]]) {
    throws(() => batchInputs(segmented, changed(at, to)), RangeError);
  }
  throws(() => batchInputs(segmented, { ...packed, segments: new Uint32Array(23) }), /23 numbers for 24/);
});

Deno.test("batchInputs() takes weights where a plan is weighted, and refuses a divisor of 0", () => {
  const training = { optimizer: sgd(), clip: 0, shape: packed.shape }, { gpt: model } = models;
  const { segments: _, ...batch } = packed, mask = new Float32Array(24).fill(1);
  const plain = plan({ model, training }),
    weighted = plan({ model, training: { ...training, weighted: true } });
  deepStrictEqual(batchInputs(plain, { ...batch, mask: mask.with(3, 0) }).lossWeight, 1 / 23);
  throws(() => batchInputs(plain, { ...batch, mask: mask.with(3, 0.5) }), /0 or 1: .*weighted: true/);
  const { weights, lossWeight } = batchInputs(weighted, { ...batch, mask: mask.with(3, -0.5), divisor: 2 });
  deepStrictEqual([weights?.[3], weights?.[4], lossWeight], [-0.5, 1, 0.5]);
  throws(() => batchInputs(weighted, { ...batch, mask: mask.with(3, NaN) }), /finite number/);
  const balanced = mask.map((_, i) => i % 2 === 0 ? 1 : -1);
  throws(
    () => batchInputs(weighted, { ...batch, mask: balanced }),
    /by 0, the sum of the weights: give a divisor/,
  );
  batchInputs(weighted, { ...batch, mask: balanced, divisor: 24 });
  throws(() => batchInputs(weighted, { ...batch, divisor: 0 }), /by 0: give a divisor other than 0/);
  throws(() => batchInputs(plain, { ...batch, mask: new Float32Array(24) }), /every target is masked/);
});
