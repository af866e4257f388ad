/**
 * Checks the models of the Llama family against what transformers computed: losses, logits, gradient norms, a
 * greedy continuation and twelve updates.
 *
 * @module
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import type { Engine } from "../../../kernels/engine/engine.ts";
import { llama } from "../../../kernels/models/llama.ts";
import { adamw } from "../../../kernels/optim/adamw.ts";
import type { LlamaConfig } from "../../../kernels/models/llama_options.ts";
import { openHuggingFaceFolder } from "../../../stages/format/model/hugging_face_folder.ts";
import { splitLlamaTensors } from "../../../stages/format/model/llama_tensors.ts";
import { readWeights } from "../../../stages/format/model/weight_file.ts";
import { openModel } from "../../../stages/model/model_session.ts";
import { plan } from "../../../stages/model/plan.ts";
import { sharedTest } from "../../shared_data.ts";
import { engines } from "../train/engines.ts";
import { consecutive, normOf } from "../train/golden_plan.ts";

/** The models of golden/models. */
export const llamaModels = [
  "llama",
  "smollm2",
  "llama3",
  "llama-linear",
  "qwen2",
  "qwen2-yarn",
  "qwen3",
  "mistral",
  "gemma2",
  "gemma3",
];

function near(actual: number, wanted: number, { within, what }: { within: number; what: string }): void {
  ok(Math.abs(actual - wanted) <= within, `${what}: ${actual}, wanted ${wanted} within ${within}`);
}

/** Registers a test of one model on an engine; `updates` limits the training run. */
export function llamaTest(model: string, options: { readonly on: string; readonly updates: number }): void {
  const { on, updates } = options, files = ["config.json", "model.safetensors", "expected.json"];
  sharedTest(
    `${model} on ${on} has transformers' losses, gradients, tokens and updates (${updates})`,
    [...files.map((file) => `golden/models/${model}/${file}`), "golden/models/tokens.bin"],
    async (path) => check(path(`golden/models/${model}`), { engine: await engines[on](), updates }),
  );
}

async function check(
  folder: string,
  { engine, updates }: { readonly engine: Engine; readonly updates: number },
): Promise<void> {
  const file = await openHuggingFaceFolder(folder), config = file.config as LlamaConfig;
  const weights = await readWeights(file);
  const expected = JSON.parse(await Deno.readTextFile(`${folder}/expected.json`));
  const model = llama(config), { training } = expected;
  const ids: number[][] = expected.input_ids, shape = [1, ids.length, ids[0].length - 1] as const;
  const batch = {
    inputs: Uint32Array.from(ids.flatMap((row) => row.slice(0, -1))),
    targets: Uint32Array.from(ids.flatMap((row) => row.slice(1))),
    shape,
  };
  const optimizer = adamw({
    beta1: training.betas[0],
    beta2: training.betas[1],
    eps: training.eps,
    weightDecay: training.weight_decay,
  });

  const [, rows, seqLen] = shape;
  const planned = plan({
    model,
    training: { optimizer, shape, clip: training.clip },
    evaluation: { batch: rows, seqLen },
    sampling: true,
  });
  {
    await using session = await openModel(engine, { plan: planned, weights });
    const losses = await session.losses(batch.inputs, batch.targets);
    expected.token_logprobs.flat().forEach((wanted: number, i: number) =>
      near(-losses[i], wanted, { within: 1e-5, what: `log probability ${i}` })
    );
    const gradients = splitLlamaTensors(await session.gradients(batch), config);
    deepStrictEqual(Object.keys(gradients).sort(), Object.keys(expected.gradient_norms).sort());
    for (const [name, wanted] of Object.entries<number>(expected.gradient_norms)) {
      near(normOf(gradients[name]), wanted, {
        within: 3e-5 * Math.max(1, wanted),
        what: `gradient of ${name}`,
      });
    }
    for (const [row, wanted] of expected.last_logits.entries()) {
      const logits = await session.logits(ids[row]);
      wanted.forEach((x: number, i: number) => near(logits[i], x, { within: 1e-5, what: `logit ${i}` }));
    }
    const text = [...expected.texts[0].ids], { tokens, sure_tokens: sure } = expected.greedy;
    for (const token of tokens.slice(0, sure)) {
      const logits = await session.logits(text), best = logits.indexOf(Math.max(...logits));
      deepStrictEqual(best, token, `greedy token ${text.length - expected.texts[0].ids.length}`);
      text.push(best);
    }
  }

  const { grad_accum: accum, batch_size: size, seq_len: length } = training;
  const steps = training.steps.slice(0, updates), trainingShape = [accum, size, length] as const;
  const shard = new Uint16Array((await Deno.readFile(`${folder}/../tokens.bin`)).buffer, 1024);
  const batchAt = consecutive(shard, trainingShape);
  const run = plan({ model, training: { optimizer, shape: trainingShape, clip: training.clip } });
  await using session = await openModel(engine, { plan: run, weights });
  for (const [step, wanted] of steps.entries()) {
    const { loss, gradNorm } = await session.step(batchAt(step), { learningRate: training.lr, step });
    near(loss, wanted.loss, { within: 5e-5, what: `loss of step ${step}` });
    near(gradNorm, wanted.gradNorm, { within: 3e-4 * wanted.gradNorm, what: `norm of step ${step}` });
  }
}
