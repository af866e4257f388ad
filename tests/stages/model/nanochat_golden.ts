/**
 * Checks nanochat's model against nanochat itself: losses, logits, gradient norms, and decoding with a KV
 * cache against whole forward passes.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { Engine } from "../../../kernels/engine/engine.ts";
import { nanochat } from "../../../kernels/models/nanochat.ts";
import { type NanochatConfig, nanochatWindows } from "../../../kernels/models/nanochat_options.ts";
import { ignoredTarget } from "../../../kernels/ops/loss/cross_entropy.ts";
import { nanochatOptimizer } from "../../../kernels/optim/nanochat_optimizer.ts";
import { adamw } from "../../../kernels/optim/adamw.ts";
import { openHuggingFaceFolder } from "../../../stages/format/model/hugging_face_folder.ts";
import { readWeights } from "../../../stages/format/model/weight_file.ts";
import { openModel } from "../../../stages/model/model_session.ts";
import { plan } from "../../../stages/model/plan.ts";
import { sharedTest } from "../../shared_data.ts";
import { engines } from "../train/engines.ts";
import { normOf } from "../train/golden_plan.ts";

/** Files of the golden model. */
export const nanochatFiles: readonly string[] = ["config.json", "model.safetensors", "expected.json"]
  .map((file) => `golden/models/nanochat/${file}`);

/** Returns the batch of the golden run, as one micro-batch. */
export function nanochatBatch(expected: any) {
  const ids: readonly number[][] = expected.input_ids, shape = [1, ids.length, ids[0].length] as const;
  const targets = Uint32Array.from(expected.targets.flat(), (id: number) => id < 0 ? ignoredTarget : id);
  return { inputs: Uint32Array.from(ids.flat()), targets, shape };
}

/** Registers a test on an engine; `updates` limits the training run. */
export function nanochatTest(on: string, { updates }: { readonly updates: number }): void {
  sharedTest(
    `nanochat's model on ${on} has nanochat's losses, gradients and logits, and decodes as it computes`,
    nanochatFiles,
    async (path) => check(path("golden/models/nanochat"), await engines[on]()),
  );
  sharedTest(
    `nanochat's optimizer on ${on} has nanochat's losses and weights (${updates} updates)`,
    nanochatFiles,
    async (path) => checkUpdates(path("golden/models/nanochat"), await engines[on](), updates),
  );
}

async function checkUpdates(folder: string, engine: Engine, updates: number): Promise<void> {
  const file = await openHuggingFaceFolder(folder), config = file.config as NanochatConfig;
  const expected = JSON.parse(await Deno.readTextFile(`${folder}/expected.json`)), { training } = expected;
  const optimizer = nanochatOptimizer({ channels: config.channels }), batch = nanochatBatch(expected);
  const mask = Float32Array.from(expected.targets.flat(), (id: number) => id < 0 ? 0 : 1);
  const planned = plan({ model: nanochat(config), training: { optimizer, shape: batch.shape, clip: 0 } });
  await using session = await openModel(engine, { plan: planned, weights: await readWeights(file) });
  const losses: readonly number[] = training.losses.slice(0, updates);
  for (const [step, wanted] of losses.entries()) {
    const { loss } = await session.step({ ...batch, mask }, { learningRate: 1, step });
    // The golden run is in float32; over the updates its rounding grows.
    ok(Math.abs(loss - wanted) < (step < 5 ? 1e-4 : 1e-3), `loss of step ${step}: ${loss}, wanted ${wanted}`);
    if (step !== 0 && step !== 11) continue;
    const weights = await session.weights();
    const norms: Readonly<Record<string, number>> = training[`weight_norms_after_${step + 1}`];
    for (const [name, norm] of Object.entries(norms)) {
      const got = normOf(weights[name.replace("transformer.", "")]);
      ok(
        Math.abs(got / norm - 1) < (step === 0 ? 1e-4 : 1e-2),
        `norm of ${name} after ${step + 1}: ${got}, wanted ${norm}`,
      );
    }
  }
}

async function check(folder: string, engine: Engine): Promise<void> {
  const file = await openHuggingFaceFolder(folder), config = file.config as NanochatConfig;
  const weights = await readWeights(file), model = nanochat(config);
  const expected = JSON.parse(await Deno.readTextFile(`${folder}/expected.json`));
  deepStrictEqual(nanochatWindows(config).map((w) => w ?? config.seqLen), expected.windows);
  const batch = nanochatBatch(expected), [, rows, seqLen] = batch.shape;
  const planned = plan({
    model,
    training: { optimizer: adamw(), shape: batch.shape, clip: 0 },
    evaluation: { batch: rows, seqLen },
    sampling: { texts: 2 },
  });
  await using session = await openModel(engine, { plan: planned, weights });
  const losses = await session.losses(batch.inputs, batch.targets);
  ok(expected.last_logits.length > 0);
  strictEqual(expected.token_losses.flat().length, losses.length);
  expected.token_losses.flat().forEach((wanted: number, i: number) =>
    ok(Math.abs(losses[i] - wanted) < 1e-5, `loss ${i}: ${losses[i]}, wanted ${wanted}`)
  );
  const gradients = await session.gradients(batch), names = Object.keys(expected.gradient_norms);
  deepStrictEqual(
    Object.keys(gradients).sort(),
    names.map((name) => name.replace("transformer.", "")).sort(),
  );
  for (const name of names) {
    const wanted = expected.gradient_norms[name], got = normOf(gradients[name.replace("transformer.", "")]);
    ok(
      Math.abs(got - wanted) < 5e-5 * Math.max(wanted, 0.01),
      `gradient of ${name}: ${got}, wanted ${wanted}`,
    );
  }
  for (const [row, wanted] of expected.last_logits.entries()) {
    const logits = await session.logits(expected.input_ids[row]);
    wanted.forEach((x: number, i: number) =>
      ok(Math.abs(logits[i] - x) < 1e-5, `logit ${i} of text ${row}: ${logits[i]}, wanted ${x}`)
    );
  }
  await checkDecoder(session, expected.input_ids);
}

/** Checks that a text decoded token by token, after prompts in two parts, has the logits of whole passes. */
async function checkDecoder(
  session: Awaited<ReturnType<typeof openModel>>,
  [ids]: readonly (readonly number[])[],
): Promise<void> {
  const { decoder } = session, tokens = Uint32Array.from(ids);
  const near = (got: Float32Array, wanted: Float32Array, where: string) =>
    wanted.forEach((x, i) => ok(Math.abs(got[i] - x) < 2e-5, `${where}: logit ${i}: ${got[i]}, wanted ${x}`));
  for (const [first, length] of [[1, 1], [3, 8]]) {
    await decoder.prefill(tokens.subarray(0, first), { text: 1 });
    if (length > first) await decoder.prefill(tokens.subarray(first, length), { text: 1, from: first });
    for (let position = length; position < length + 3; position++) {
      const [logits] = await decoder.decode([{ text: 1, position, id: ids[position] }]);
      near(logits, await session.logits(ids.slice(0, position + 1)), `token ${position} after ${length}`);
    }
  }
}
