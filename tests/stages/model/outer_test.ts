/**
 * Tests DiLoCo's outer step in one process.
 *
 * @module
 */
import { ok } from "node:assert/strict";
import { openCpu } from "../../../kernels/engine/cpu/cpu_engine.ts";
import { gpt } from "../../../kernels/models/gpt.ts";
import { initialWeights } from "../../../kernels/models/model.ts";
import { adamw } from "../../../kernels/optim/adamw.ts";
import { openModel } from "../../../stages/model/model_session.ts";
import { plan } from "../../../stages/model/plan.ts";

const model = gpt({ layers: 1, heads: 2, channels: 16, seqLen: 8, vocabSize: 65 });
const start = initialWeights(model, 5);
const ids = Uint32Array.from({ length: 16 }, (_, i) => (7 * i) % 65);

/** Trains four steps; returns the weights of each step, with those before the first. */
async function trained(outer?: { every: number; rate: number; momentum: number }): Promise<Float32Array[]> {
  const training = { optimizer: adamw(), shape: [1, 2, 8], clip: 1, outer } as const;
  await using session = await openModel(await openCpu({ threads: 1 }), {
    plan: plan({ model, training }),
    weights: start,
  });
  const name = "h.0.mlp.c_fc.weight", all = [Float32Array.from(start[name].data)];
  for (let step = 0; step < 4; step++) {
    await session.step({ inputs: ids, targets: ids, shape: [1, 2, 8] }, { learningRate: 1e-2, step });
    all.push(Float32Array.from((await session.weights())[name].data));
  }
  return all;
}

function near(a: Float32Array, b: Float32Array): boolean {
  return a.every((x, i) => Math.abs(x - b[i]) < 1e-6);
}

Deno.test("an outer step goes from where the last one ended, by its rate times how far the updates have come", async () => {
  const plain = await trained(), half = await trained({ every: 2, rate: 0.5, momentum: 0 });
  ok(near(half[1], plain[1]), "nothing changes before the outer step");
  ok(near(half[2], plain[2].map((x, i) => (x + plain[0][i]) / 2)));
  ok(!near(half[2], plain[2]));
  const whole = await trained({ every: 2, rate: 1, momentum: 0 });
  ok(whole.every((weights, step) => near(weights, plain[step])), "rate 1 without momentum changes nothing");
});

Deno.test("the momentum of the outer step is Nesterov's", async () => {
  const plain = await trained(), { 2: after } = await trained({ every: 2, rate: 0.5, momentum: 0.5 });
  // velocity = difference; step = 0.5 · velocity + difference
  ok(near(after, plain[0].map((x, i) => x - 0.5 * 1.5 * (x - plain[2][i]))));
});
