/**
 * Tests the reader of GGUF files against values of the `gguf` package, transformers and llama.cpp.
 *
 * @module
 */
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { llama } from "../../../../../kernels/models/llama.ts";
import { type LlamaConfig, llamaOptions } from "../../../../../kernels/models/llama_options.ts";
import { withDefaults } from "../../../../../kernels/models/model_options.ts";
import { openCpu } from "../../../../../kernels/engine/cpu/cpu_engine.ts";
import { dequantized, ggufTypes } from "../../../../../stages/format/model/gguf/blocks.ts";
import { openGgufModel } from "../../../../../stages/format/model/gguf/gguf_model.ts";
import { readGgufHeader } from "../../../../../stages/format/model/gguf/header.ts";
import { openHuggingFaceFolder } from "../../../../../stages/format/model/hugging_face_folder.ts";
import { readWeights } from "../../../../../stages/format/model/weight_file.ts";
import { openModel } from "../../../../../stages/model/model_session.ts";
import { plan } from "../../../../../stages/model/plan.ts";
import { checkSmollm2, mutants, roundedLosses, smollm2Files } from "./gguf_cases.ts";
import { sharedTest } from "../../../../shared_data.ts";
import { withFolder } from "../../../../temporary.ts";

sharedTest(
  "dequantized() gives the bits of gguf and llama.cpp, for every type",
  ["golden/gguf/dequant.json"],
  async (path) => {
    const { cases } = JSON.parse(await Deno.readTextFile(path("golden/gguf/dequant.json")));
    for (const { type_id, type, raw, values_f32, how } of cases) {
      const got = dequantized(Uint8Array.fromBase64(raw), ggufTypes.get(type_id)!);
      const wanted = Uint8Array.fromBase64(values_f32);
      const bits = new Uint8Array(got.buffer, got.byteOffset, got.byteLength);
      deepStrictEqual(bits, wanted, `${type}: ${how}`);
    }
    deepStrictEqual(
      new Set(cases.map(({ type }: { type: string }) => type)),
      new Set([...ggufTypes.values()].map(({ name }) => name)),
    );
  },
);

const hostile = ["offset-out-of-bounds", "string-length", "tensor-count", "unknown-type"];
sharedTest("readGgufHeader() refuses hostile headers with the byte, and reads the sound one", [
  "golden/gguf/hostile/good.gguf",
], async (path) => {
  const { tensors, metadata } = await readGgufHeader(path("golden/gguf/hostile/good.gguf"));
  ok(tensors.size > 0 && metadata.has("general.architecture"));
  for (const name of hostile) {
    await rejects(readGgufHeader(path(`golden/gguf/hostile/${name}.gguf`)), {
      name: "InvalidData",
      message: /\.gguf as GGUF, before byte \d+: /,
    }, name);
  }
});

sharedTest(
  "openGgufModel() has the weights of the same model in Hugging Face's files, and the greedy tokens",
  [
    "golden/gguf/tiny-llama-f32.gguf",
    "golden/gguf/tiny-llama-q8_0.gguf",
    "golden/gguf/tiny-expected.json",
    "golden/models/llama/model.safetensors",
  ],
  async (path) => {
    const folder = await openHuggingFaceFolder(path("golden/models/llama"));
    const exact = await openGgufModel(path("golden/gguf/tiny-llama-f32.gguf"));
    const [own, other] = [exact, folder].map(({ config }) =>
      withDefaults(llamaOptions, config as LlamaConfig)
    );
    deepStrictEqual({ ...own, initStd: 0 }, { ...other, initStd: 0 }); // GGUF has no initial weights
    const expected = JSON.parse(await Deno.readTextFile(path("golden/gguf/tiny-expected.json")));
    const weights = await readWeights(exact);
    deepStrictEqual(weights, await readWeights(folder));
    const rough = await readWeights(await openGgufModel(path("golden/gguf/tiny-llama-q8_0.gguf")));
    const wanted = [expected.f32.tokens, expected.q8_0.transformers_float64_on_dequantised.tokens];
    for (const [i, some] of [weights, rough].entries()) {
      const planned = plan({ model: llama(exact.config as LlamaConfig), sampling: true });
      await using session = await openModel(await openCpu(), { plan: planned, weights: some });
      const text = [...expected.prompt_ids];
      for (const token of wanted[i]) {
        const logits = await session.logits(text), best = logits.indexOf(Math.max(...logits));
        strictEqual(best, token, `token ${text.length} of file ${i}`);
        text.push(best);
      }
    }
  },
);

sharedTest(
  "a real instruct model with its quantised weights continues every prompt as transformers does, all 40 tokens",
  smollm2Files,
  (path) => checkSmollm2(path, { weights: "stored", prompts: Infinity, tokens: 40 }),
);

sharedTest(
  "a real instruct model with activations of 8 bits has losses within 0.05 nats of the exact ones",
  smollm2Files,
  async (path) => {
    const losses = await roundedLosses(path);
    strictEqual(losses.length, 3);
    for (const { rounded, exact } of losses) {
      ok(rounded !== exact && Math.abs(rounded - exact) < 0.05, `loss ${rounded}, exact ${exact}`);
    }
  },
);

sharedTest("a scale that is NaN or infinite is refused with its tensor", [
  "golden/gguf/tiny-llama-q8_0.gguf",
], (path) =>
  withFolder(async (dir) => {
    const bytes = await Deno.readFile(path("golden/gguf/tiny-llama-q8_0.gguf"));
    const { tensors } = await readGgufHeader(path("golden/gguf/tiny-llama-q8_0.gguf"));
    const { begin } = tensors.get("blk.1.attn_v.weight")!;
    for (const high of [0x7c, 0xfe, 0x7b]) { // infinity, NaN, and the largest number
      bytes[begin + 34 + 1] = high;
      await Deno.writeFile(`${dir}/model.gguf`, bytes);
      const read = openGgufModel(`${dir}/model.gguf`).then((file) => readWeights(file, { keepBlocks: true }));
      if (high === 0x7b) await read;
      else await rejects(read, { name: "InvalidData", message: /blk\.1\.attn_v.*NaN or infinite/ });
    }
  }));

mutants(1000);
