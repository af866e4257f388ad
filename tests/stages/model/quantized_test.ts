/**
 * Tests models with quantised weights: gradients reach adapters as through the dequantised weights, and what
 * does not fit is refused.
 *
 * @module
 */
import { deepStrictEqual, ok, throws } from "node:assert/strict";
import { openCpu } from "../../../kernels/engine/cpu/cpu_engine.ts";
import { llama } from "../../../kernels/models/llama.ts";
import type { LlamaConfig } from "../../../kernels/models/llama_options.ts";
import { initialAdapters, withLora } from "../../../kernels/models/lora.ts";
import { isAdapter } from "../../../kernels/models/lora_config.ts";
import { initialWeights } from "../../../kernels/models/model.ts";
import { adamw } from "../../../kernels/optim/adamw.ts";
import { openGgufModel } from "../../../stages/format/model/gguf/gguf_model.ts";
import { blockLayouts, readWeights } from "../../../stages/format/model/weight_file.ts";
import { openModel } from "../../../stages/model/model_session.ts";
import { plan } from "../../../stages/model/plan.ts";
import { fitWeights } from "../../../stages/model/weights.ts";
import { sharedTest } from "../../shared_data.ts";

sharedTest("adapters of quantised weights train as those of the dequantised ones, in less memory", [
  "golden/gguf/tiny-llama-q8_0.gguf",
], async (path) => {
  const open = () => openGgufModel(path("golden/gguf/tiny-llama-q8_0.gguf")), file = await open();
  const quantized = blockLayouts(file, "f32"), engine = await openCpu({ threads: 1 });
  const model = withLora(llama(file.config as LlamaConfig), { rank: 4, alpha: 8, targets: "all" });
  const adapters = initialAdapters(model, 1);
  const ids = Uint32Array.from({ length: 48 }, (_, i) => 3 + i * 31 % 300), shape = [1, 2, 24] as const;
  const batch = { inputs: ids, targets: ids.map((id) => id + 1), shape };
  const training = { optimizer: adamw(), shape, clip: 1 };
  const losses: number[][] = [], memory: number[] = [];
  for (const keepBlocks of [true, false]) {
    const planned = plan({ model, training, trains: isAdapter, ...(keepBlocks && { quantized }) });
    const weights = { ...await readWeights(await open(), { keepBlocks }), ...adapters };
    await using session = await openModel(engine, { plan: planned, weights });
    const own: number[] = [];
    for (let step = 0; step < 8; step++) {
      own.push((await session.step(batch, { learningRate: 0.01, step })).loss);
    }
    losses.push(own);
    memory.push(planned.memory.parameter);
  }
  losses[0].forEach((loss, i) =>
    ok(Math.abs(loss - losses[1][i]) < 1e-4, `${losses[0]}, wanted ${losses[1]}`)
  );
  ok(losses[0][7] < losses[0][0] - 0.1, `${losses[0]}`);
  ok(memory[0] < memory[1] / 2, `${memory}`);
});

Deno.test("plan() refuses training where every parameter is quantised or left out", () => {
  const model = llama({
    layers: 1,
    heads: 1,
    keyHeads: 1,
    headWidth: 32,
    channels: 32,
    hidden: 32,
    seqLen: 4,
    vocabSize: 32,
  });
  const training = { optimizer: adamw(), shape: [1, 1, 4] as const, clip: 1 };
  throws(() => plan({ model, training, trains: () => false }), /every parameter is quantised or left out/);
  deepStrictEqual([
    ...plan({ model, training, trains: (name) => name === "model.norm.weight" }).trained.keys(),
  ], [
    "model.norm.weight",
  ]);
});

Deno.test("fitWeights() refuses blocks of another size with the name and the size that is wanted", () => {
  const name = "model.embed_tokens.weight";
  const model = llama({
    layers: 1,
    heads: 1,
    keyHeads: 1,
    headWidth: 32,
    channels: 32,
    hidden: 32,
    seqLen: 4,
    vocabSize: 32,
  });
  const weights = initialWeights(model, 1);
  const layout = { parts: [{ format: "q8_0", rows: 32 }], columns: 32, activations: "f32" } as const;
  const quantized = new Map([[name, layout]]);
  const words = (count: number) => ({ shape: [count], data: new Uint32Array(count) });
  fitWeights(model, { ...weights, [name]: words(272) }, quantized);
  for (const wrong of [words(271), words(273), weights[name]]) {
    throws(
      () => fitWeights(model, { ...weights, [name]: wrong }, quantized),
      /embed_tokens.*wanted 272 words/,
    );
  }
});
