/**
 * A small model with an inspection, and a test of the inspection on an engine.
 *
 * @module
 */
import { deepStrictEqual, ok, rejects } from "node:assert/strict";
import type { Engine } from "../../../kernels/engine/engine.ts";
import { gpt } from "../../../kernels/models/gpt.ts";
import { initialWeights } from "../../../kernels/models/model.ts";
import { adamw } from "../../../kernels/optim/adamw.ts";
import { openModel } from "../../../stages/model/model_session.ts";
import { plan } from "../../../stages/model/plan.ts";

/** The model that is inspected. */
export const model = gpt({ layers: 2, heads: 2, channels: 16, seqLen: 8, vocabSize: 40, vocabPad: 1 });
const shape = [2, 2, 8] as const;
/** The batch of step `k`. */
export const batchAt = (k: number) => {
  const token = (i: number) => (i * i * 7 + 3 * i + k) % 40;
  const inputs = Uint32Array.from({ length: 32 }, (_, i) => token(i));
  return { inputs, targets: Uint32Array.from({ length: 32 }, (_, i) => token(i + 1)), shape };
};
/** Training with an inspection program. */
export const training = { optimizer: adamw(), shape, clip: 1, inspection: true, gradientScale: 4 } as const;

/** Registers the test of an inspection on an engine. */
export function inspectionTest(name: string, open: () => Promise<Engine>): void {
  Deno.test(`ModelSession.inspect() on ${name} gives the gradients of the first micro-batch, and changes nothing`, async () => {
    const options = { plan: plan({ model, training }), weights: initialWeights(model, 3) };
    await using session = await openModel(await open(), options);
    const { gradients, probes } = await session.inspect(batchAt(0));
    const half = {
      inputs: batchAt(0).inputs.slice(0, 16),
      targets: batchAt(0).targets.slice(0, 16),
      shape: [1, 2, 8] as const,
    };
    const single = plan({ model, training: { ...training, shape: half.shape } });
    await using other = await openModel(await open(), { ...options, plan: single });
    for (const [label, { data }] of Object.entries(await other.gradients(half))) {
      ok(data.every((x, i) => Math.abs(x - gradients[label].data[i]) < 1e-6), label);
    }
    const names = [
      "embedding",
      "h.0.attn.mixed",
      "h.0.mlp.act",
      "h.0",
      "h.1.attn.mixed",
      "h.1.mlp.act",
      "h.1",
      "ln_f",
    ];
    deepStrictEqual(Object.keys(probes).sort(), names.flatMap((name) => [name, `${name}/grad`]).sort());
    deepStrictEqual([...probes["h.0.mlp.act"].shape], [2, 8, 64]);
    // Summed over sequences, the gradient of the embedding probe is the gradient of the position embedding.
    const positions = new Float64Array(8 * 16);
    probes["embedding/grad"].data.forEach((x, i) => positions[i % positions.length] += x);
    ok(positions.every((x, i) => Math.abs(x - gradients["wpe.weight"].data[i]) < 1e-6));
    // An update after an inspection equals the same update without an inspection.
    const step = await session.step(batchAt(0), { learningRate: 1e-2, step: 0 });
    await using fresh = await openModel(await open(), options);
    deepStrictEqual(await fresh.step(batchAt(0), { learningRate: 1e-2, step: 0 }), step);
    await rejects(
      openModel(await open(), {
        ...options,
        plan: plan({ model, training: { ...training, inspection: false } }),
      })
        .then(async (bare) => {
          await using closing = bare;
          await closing.inspect(batchAt(0));
        }),
      /the plan has no inspection/,
    );
  });
}
