/**
 * Tests nanochat's optimizer apart from its golden run: what it does to one matrix.
 *
 * @module
 */
import { ok, throws } from "node:assert/strict";
import { openCpu } from "../../../kernels/engine/cpu/cpu_engine.ts";
import { initialWeights } from "../../../kernels/models/model.ts";
import { nanochat } from "../../../kernels/models/nanochat.ts";
import { nanochatOptimizer } from "../../../kernels/optim/nanochat_optimizer.ts";
import { openModel } from "../../../stages/model/model_session.ts";
import { plan } from "../../../stages/model/plan.ts";

const model = nanochat({
  layers: 1,
  heads: 2,
  keyHeads: 1,
  channels: 32,
  seqLen: 8,
  vocabSize: 60,
  windowPattern: "L",
});
const shape = [1, 2, 8] as const, tokens = Uint32Array.from({ length: 16 }, (_, i) => (i * i + 3) % 60);

Deno.test("a matrix moves by a step of the norm of an orthogonal one, times the rate", async () => {
  const weights = initialWeights(model, 2), name = "h.0.mlp.c_fc.weight";
  for (const { data } of Object.values(weights)) {
    data.forEach((x, i) => data[i] = x === 0 ? Math.sin(i) / 50 : x);
  }
  const before = Float64Array.from(weights[name].data);
  const optimizer = nanochatOptimizer({ channels: 32, weightDecay: 0 });
  const planned = plan({ model, training: { optimizer, shape, clip: 0 } });
  await using session = await openModel(await openCpu({ threads: 1 }), { plan: planned, weights });
  const batch = { inputs: tokens, targets: tokens.map((id) => (id + 7) % 60), shape };
  await session.step(batch, { learningRate: 1, step: 0 });
  const after = (await session.weights())[name].data;
  const norm = Math.sqrt(before.reduce((sum, x, i) => sum + (Number(after[i]) - x) ** 2, 0));
  // 128 rows, 32 columns: 32 singular values of 1, times 0.02 and the root of 128 / 32.
  ok(Math.abs(norm / (0.02 * 2 * Math.sqrt(32)) - 1) < 1e-3, String(norm));
});

Deno.test("nanochatOptimizer() refuses a momentum that is no fraction", () => {
  throws(
    () => nanochatOptimizer({ channels: 32, momentum: 1 }),
    /momentum 1: wanted at least 0 and less than 1/,
  );
  throws(() => nanochatOptimizer({ channels: 32, momentum: -0.1 }), RangeError);
});
