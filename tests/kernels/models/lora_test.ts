import { deepStrictEqual, ok, throws } from "node:assert/strict";
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import { openCpu } from "../../../kernels/engine/cpu/cpu_engine.ts";
import { gpt } from "../../../kernels/models/gpt.ts";
import { llama } from "../../../kernels/models/llama.ts";
import { initialAdapters, mergeLora, withLora } from "../../../kernels/models/lora.ts";
import { isAdapter, type LoraConfig, loraScale } from "../../../kernels/models/lora_config.ts";
import { countParameters, initialWeights, type Model } from "../../../kernels/models/model.ts";
import { nanochat } from "../../../kernels/models/nanochat.ts";
import { adamw } from "../../../kernels/optim/adamw.ts";
import { openModel } from "../../../stages/model/model_session.ts";
import { plan } from "../../../stages/model/plan.ts";

const sizes = { layers: 2, heads: 2, channels: 32, seqLen: 8, vocabSize: 40 };
const models: Readonly<Record<string, Model>> = {
  gpt: gpt({ ...sizes, vocabPad: 1 }),
  "gpt without biases": gpt({ ...sizes, vocabPad: 1, bias: false, gelu: "erf" }),
  nanochat: nanochat({ ...sizes, keyHeads: 1, windowPattern: "SL" }),
  llama: llama({ ...sizes, keyHeads: 1, headWidth: 16, hidden: 64, attentionBias: "qkv" }),
};
/** Fills the weights that nanochat begins with as zeros, or nearly: adapters before them had no gradient. */
function asTrained(weights: TensorMap): TensorMap {
  return Object.fromEntries(
    Object.entries(weights).map(([name, { shape, data }]) => {
      const isFull = isAdapter(name) || shape.length < 2 || data.some((x) => Math.abs(x) > 0.01);
      return [name, { shape, data: isFull ? data : data.map((_, i) => Math.sin(i * i) / 4) }];
    }),
  );
}

/** Some layers of models; default: those of a GPT. */
const some: Readonly<Record<string, readonly string[]>> = {
  llama: ["q_proj", "v_proj", "up_proj"],
  nanochat: ["c_q", "c_fc", "ve_gate"],
};
const ids = Uint32Array.from({ length: 16 }, (_, i) => i * 7 % 40);
const batch = { inputs: ids, targets: ids.map((id) => (id + 1) % 40), shape: [1, 2, 8] as const };

for (const [name, model] of Object.entries(models)) {
  for (const targets of ["all", some[name] ?? ["c_attn"]] as const) {
    Deno.test(`withLora() of a ${name}, ${targets}: starts as the model, trains adapters alone, and merges`, async () => {
      const lora: LoraConfig = { rank: 3, alpha: 6, targets }, adapted = withLora(model, lora);
      const engine = await openCpu({ threads: 1 }), weights = asTrained(initialWeights(adapted, 1));
      const training = { optimizer: adamw(), shape: batch.shape, clip: 1 };
      const evaluation = { batch: 2, seqLen: 8 };
      const planned = plan({ model: adapted, trains: isAdapter, training, evaluation });
      const added = countParameters(adapted) - countParameters(model);
      deepStrictEqual(
        [...planned.trained.values()].reduce((n, { tensor: { shape } }) => n + shape[0] * shape[1], 0),
        added,
      );

      const adapters = Object.entries(weights).filter(([label]) => isAdapter(label));
      deepStrictEqual(initialAdapters(adapted, 1), Object.fromEntries(adapters));
      await using session = await openModel(engine, { plan: planned, weights });
      const own = Object.fromEntries(Object.entries(weights).filter(([label]) => !isAdapter(label)));
      await using alone = await openModel(engine, { plan: plan({ model, evaluation }), weights: own });
      const before = await session.losses(batch.inputs, batch.targets);
      near(before, await alone.losses(batch.inputs, batch.targets));
      for (let step = 0; step < 20; step++) await session.step(batch, { learningRate: 0.02, step });
      const after = await session.losses(batch.inputs, batch.targets), now = await session.weights();
      ok(sum(after) < sum(before) - 1, `${sum(after)}, before ${sum(before)}`);
      for (const label of Object.keys(own)) deepStrictEqual(now[label].data, own[label].data, label);

      const merged = mergeLora(adapted, now);
      deepStrictEqual(Object.keys(merged).sort(), Object.keys(own).sort());
      await using whole = await openModel(engine, { plan: plan({ model, evaluation }), weights: merged });
      near(after, await whole.losses(batch.inputs, batch.targets));
    });
  }
}

Deno.test("withLora() refuses ranks, and targets that no layer has, with the names that there are", () => {
  const { gpt: model } = models;
  for (const rank of [0, 1.5, NaN]) {
    throws(() => withLora(model, { rank, alpha: 1, targets: "all" }), /rank/);
  }
  withLora(model, { rank: 1, alpha: 0, targets: "all" });
  throws(
    () => withLora(model, { rank: 1, alpha: 1, targets: ["q_proj"] }),
    /q_proj: .* c_attn, c_proj, c_fc/,
  );
  throws(() => withLora(model, { rank: 1, alpha: 1, targets: [] }), /no layer/);
  deepStrictEqual(loraScale({ rank: 4, alpha: 8, targets: "all" }), 2);
  deepStrictEqual(loraScale({ rank: 4, alpha: 8, targets: "all", rankStabilized: true }), 4);
});

Deno.test("mergeLora() names a tensor that is missing", () => {
  const adapted = withLora(models.gpt, { rank: 1, alpha: 1, targets: ["c_attn"] });
  const weights = initialWeights(adapted, 1);
  for (const name of ["h.1.attn.c_attn.weight", "h.0.attn.c_attn.lora_B.weight"]) {
    const { [name]: _, ...rest } = weights;
    throws(() => mergeLora(adapted, rest), {
      name: "RangeError",
      message: `Cannot merge the adapters: ${name} is missing`,
    });
  }
});

function near(found: Float32Array, wanted: Float32Array): void {
  deepStrictEqual(found.length, wanted.length);
  found.forEach((x, i) => ok(Math.abs(x - wanted[i]) < 2e-5, `loss ${i}: ${x}, wanted ${wanted[i]}`));
}

function sum(values: Float32Array): number {
  return values.reduce((total, x) => total + x, 0);
}

for (const name of ["gpt", "llama"] as const) {
  Deno.test(`dropout of a ${name}'s adapters changes their training alone, and in the mean not even that`, async () => {
    const model = models[name], engine = await openCpu({ threads: 1 });
    const training = { optimizer: adamw(), shape: batch.shape, clip: 0 },
      evaluation = { batch: 2, seqLen: 8 };
    const open = async (dropout: number, { seed = 1, recompute = "none" as "none" | "block" } = {}) => {
      const adapted = withLora(model, { rank: 2, alpha: 4, targets: "all", dropout });
      const planned = plan({
        model: adapted,
        trains: isAdapter,
        training: { ...training, recompute },
        evaluation,
      });
      return await openModel(engine, { plan: planned, weights: initialWeights(adapted, 1), seed });
    };
    const label = name === "gpt" ? "h.1.mlp.c_fc.lora_B.weight" : "model.layers.1.mlp.up_proj.lora_B.weight";
    await using plain = await open(0);
    const wanted = (await plain.gradients(batch))[label].data, mean = new Float64Array(wanted.length);
    const runs = 60;
    for (let seed = 1; seed <= runs; seed++) {
      await using session = await open(0.25, { seed });
      const gradient = (await session.gradients(batch))[label].data;
      gradient.forEach((x, i) => mean[i] += x / runs);
      if (seed > 1) continue;
      deepStrictEqual(
        await session.losses(batch.inputs, batch.targets),
        await plain.losses(batch.inputs, batch.targets),
      );
      ok(gradient.some((x, i) => Math.abs(x - wanted[i]) > 1e-4));
      await using recomputed = await open(0.25, { seed, recompute: "block" });
      deepStrictEqual((await recomputed.gradients(batch))[label].data, gradient);
    }
    const size = Math.hypot(...wanted), error = Math.hypot(...wanted.map((x, i) => x - mean[i]));
    ok(error < 0.25 * size, `${error} of ${size}`);
  });
}

Deno.test("withLora() refuses a dropout of everything", () => {
  for (const dropout of [1, -0.1, NaN]) {
    throws(() => withLora(models.gpt, { rank: 1, alpha: 1, targets: "all", dropout }), /Cannot drop/);
  }
});
