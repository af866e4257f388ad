/**
 * Tests low-rank adapters against what PEFT and PyTorch computed: logits, losses, gradients, greedy tokens,
 * merged weights and eight updates.
 *
 * @module
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import type { Engine } from "../../../kernels/engine/engine.ts";
import { llama } from "../../../kernels/models/llama.ts";
import type { LlamaConfig } from "../../../kernels/models/llama_options.ts";
import { mergeLora, withLora } from "../../../kernels/models/lora.ts";
import { isAdapter } from "../../../kernels/models/lora_config.ts";
import { adamw } from "../../../kernels/optim/adamw.ts";
import { openHuggingFaceFolder } from "../../../stages/format/model/hugging_face_folder.ts";
import { splitLlamaTensors } from "../../../stages/format/model/llama_tensors.ts";
import { readAdapters } from "../../../stages/format/model/peft/peft_folder.ts";
import { readWeights } from "../../../stages/format/model/weight_file.ts";
import { openModel } from "../../../stages/model/model_session.ts";
import { plan } from "../../../stages/model/plan.ts";
import { sharedTest } from "../../shared_data.ts";
import { engines } from "../train/engines.ts";
import { normOf } from "../train/golden_plan.ts";

for (const on of ["cpu", "reference"] as const) {
  sharedTest(
    `adapters on ${on} have PEFT's logits, gradients, tokens and updates, and merge to its weights`,
    [
      "golden/posttrain/expected.json",
      "golden/posttrain/lora/adapter_model.safetensors",
      "golden/models/llama/model.safetensors",
    ],
    async (path) => await check(path, { engine: await engines[on](), updates: on === "cpu" ? 8 : 1 }),
  );
}

async function check(
  path: (file: string) => string,
  { engine, updates }: { readonly engine: Engine; readonly updates: number },
): Promise<void> {
  const { lora: expected } = JSON.parse(await Deno.readTextFile(path("golden/posttrain/expected.json")));
  const file = await openHuggingFaceFolder(path("golden/models/llama")), config = file.config as LlamaConfig;
  const adapters = await readAdapters(path("golden/posttrain/lora")), base = await readWeights(file);
  const model = withLora(llama(config), adapters.lora), weights = { ...base, ...adapters.weights };
  const ids: number[][] = expected.input_ids, [rows, length] = [ids.length, ids[0].length - 1];
  const [beta1, beta2] = expected.training.betas;
  const planOf = (shape: readonly [number, number, number]) =>
    plan({
      model,
      trains: isAdapter,
      training: { optimizer: adamw({ beta1, beta2, eps: 1e-8, weightDecay: 0 }), shape, clip: 1 },
      evaluation: { batch: rows, seqLen: length },
      sampling: true,
    });
  const batchOf = (all: readonly (readonly number[])[]) => ({
    inputs: Uint32Array.from(all.flatMap((row) => row.slice(0, -1))),
    targets: Uint32Array.from(all.flatMap((row) => row.slice(1))),
    shape: [1, all.length, all[0].length - 1] as const,
  });
  const meanOf = (losses: Float32Array) => losses.reduce((sum, x) => sum + x, 0) / losses.length;
  const near = (actual: number, wanted: number, within: number, what: string) =>
    ok(Math.abs(actual - wanted) <= within, `${what}: ${actual}, wanted ${wanted} within ${within}`);

  {
    const planned = planOf([1, rows, length]), batch = batchOf(ids);
    deepStrictEqual([...planned.trained.keys()].every(isAdapter), true);
    await using session = await openModel(engine, { plan: planned, weights });
    near(meanOf(await session.losses(batch.inputs, batch.targets)), expected.loss, 7e-6, "loss");
    for (const [row, wanted] of expected.last_logits.entries()) {
      const logits = await session.logits(ids[row]);
      wanted.forEach((x: number, i: number) => near(logits[i], x, 2e-5, `logit ${i}`));
    }
    const gradients = await session.gradients(batch);
    for (const [name, wanted] of Object.entries<number>(expected.gradient_norms)) {
      const own = name.replace("base_model.model.", "");
      near(normOf(gradients[own]), wanted, 3e-5 * Math.max(1, wanted), `gradient of ${own}`);
    }
    const text = [...expected.greedy.prompt_ids];
    for (const token of expected.greedy.tokens) {
      const logits = await session.logits(text), best = logits.indexOf(Math.max(...logits));
      deepStrictEqual(best, token, `greedy token ${text.length}`);
      text.push(best);
    }
  }
  {
    const merged = mergeLora(model, weights), split = splitLlamaTensors(merged, config);
    for (const [name, wanted] of Object.entries<number>(expected.merged.weight_norms)) {
      near(normOf(split[name]), wanted, 1e-5, `merged ${name}`);
    }
    const planned = plan({ model: llama(config), evaluation: { batch: rows, seqLen: length } });
    await using session = await openModel(engine, { plan: planned, weights: merged });
    const batch = batchOf(ids);
    near(meanOf(await session.losses(batch.inputs, batch.targets)), expected.loss, 1e-5, "merged loss");
  }
  const { batches, steps, lr, norms_after } = expected.training;
  await using session = await openModel(engine, { plan: planOf(batchOf(batches[0]).shape), weights });
  for (const [step, wanted] of steps.slice(0, updates).entries()) {
    const { loss, gradNorm } = await session.step(batchOf(batches[step]), { learningRate: lr, step });
    near(loss, wanted.loss, 5e-5, `loss of step ${step}`);
    near(gradNorm, wanted.gradient_norm_before_clip, 3e-4 * gradNorm, `norm of step ${step}`);
  }
  if (updates < steps.length) return;
  const after = await session.weights();
  for (const [name, wanted] of Object.entries<number>(norms_after)) {
    const own = name.replace("base_model.model.", "");
    near(normOf(after[own]), wanted, 1e-3 * wanted, `norm of ${own} after the updates`);
  }
  for (const name of Object.keys(base)) {
    deepStrictEqual(after[name].data, base[name].data, `${name} is frozen`);
  }
}
