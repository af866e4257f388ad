/**
 * Tests loss scaling: 16-bit products keep small gradients, and nothing else changes.
 *
 * @module
 */
import { deepStrictEqual, ok, throws } from "node:assert/strict";
import { initialWeights } from "../../../kernels/models/model.ts";
import { uniformAt } from "../../../kernels/random/philox.ts";
import { openCpu } from "../../../kernels/engine/cpu/cpu_engine.ts";
import { openWebgpu } from "../../../kernels/engine/webgpu/webgpu_engine.ts";
import { gpt } from "../../../kernels/models/gpt.ts";
import { adamw } from "../../../kernels/optim/adamw.ts";
import { plan } from "../../../stages/model/plan.ts";
import { openModel } from "../../../stages/model/model_session.ts";

const shape = [1, 2, 8] as const;
const model = gpt({ layers: 1, heads: 2, channels: 16, seqLen: 8, vocabSize: 61, vocabPad: 64 });
const weights = initialWeights(model, 1);
const tokens = (name: string) => Uint32Array.from({ length: 16 }, (_, i) => uniformAt(5, name, i) * 61);
const batch = { shape, inputs: tokens("inputs"), targets: tokens("targets") };
const planned = (gradientScale: number, clip = 0.5) =>
  plan({ model, training: { optimizer: adamw(), shape, clip, gradientScale } });

Deno.test("gradientScale, a power of two, changes no loss, and norms and weights only by the epsilon of clipping", async () => {
  const run = async (gradientScale: number, clip: number) => {
    await using session = await openModel(await openCpu({ threads: 1 }), {
      plan: planned(gradientScale, clip),
      weights,
    });
    const results = [];
    for (let step = 0; step < 3; step++) {
      results.push(await session.step(batch, { learningRate: 1e-2, step }));
    }
    return { results, weights: await session.weights(), gradients: await session.gradients(batch) };
  };
  deepStrictEqual(await run(2 ** 20, 0), await run(1, 0)); // without clipping, equal to the last bit
  const [scaled, plain] = [await run(2 ** 20, 0.01), await run(1, 0.01)];
  for (const [name, { data }] of Object.entries(plain.weights)) {
    data.forEach((x, i) => ok(Math.abs(x - scaled.weights[name].data[i]) < 1e-5, `${name}: ${x}`));
  }
  for (const wrong of [0, -1, NaN, Infinity]) throws(() => planned(wrong), RangeError);
});

Deno.test("gradients of a step of 2^30 tokens survive 16-bit products on webgpu only with gradientScale", async () => {
  const weight = 2 ** -30, label = "wte.weight/grad";
  const norms = async (half: boolean, gradientScale: number) => {
    const { programs } = planned(gradientScale);
    await using session = await (await openWebgpu({ half })).open([programs[0]], weights);
    session.write({
      inputs: { shape, data: batch.inputs },
      targets: { shape, data: batch.targets },
      lossWeight: { shape: [1], data: Float32Array.of(weight) },
    });
    await session.run(["micro"]);
    const { data } = (await session.read([label]))[label];
    return Math.hypot(...data) / (gradientScale * weight);
  };
  const [full, lost, kept] = [await norms(false, 1), await norms(true, 1), await norms(true, 16 / weight)];
  ok(lost < 0.1 * full, `without it the norm is ${lost}, in f32 ${full}`);
  ok(Math.abs(kept - full) < 1e-2 * full, `with it the norm is ${kept}, in f32 ${full}`);
});
