/**
 * Tests the writer of GGUF files: the bytes of the `gguf` package, and reading back what was written.
 *
 * @module
 */
import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import type { GptConfig } from "../../../../../kernels/models/gpt_options.ts";
import { type LlamaConfig, llamaOptions } from "../../../../../kernels/models/llama_options.ts";
import { initialWeights } from "../../../../../kernels/models/model.ts";
import { isLlama, type ModelConfig } from "../../../../../kernels/models/model_config.ts";
import { modelOf } from "../../../../../kernels/models/model_of.ts";
import { withDefaults } from "../../../../../kernels/models/model_options.ts";
import type { TensorMap } from "../../../../../kernels/core/tensor.ts";
import { dequantized, ggufTypes } from "../../../../../stages/format/model/gguf/blocks.ts";
import { ggufDescription } from "../../../../../stages/format/model/gguf/config_fields.ts";
import { openGgufModel } from "../../../../../stages/format/model/gguf/gguf_model.ts";
import { createGgufModel } from "../../../../../stages/format/model/gguf/gguf_writer.ts";
import { readGgufHeader } from "../../../../../stages/format/model/gguf/header.ts";
import { type GgufDtype, quantized } from "../../../../../stages/format/model/gguf/quantize.ts";
import { openHuggingFaceFolder } from "../../../../../stages/format/model/hugging_face_folder.ts";
import { splitLlamaTensors } from "../../../../../stages/format/model/llama_tensors.ts";
import { readWeights } from "../../../../../stages/format/model/weight_file.ts";
import { sharedTest } from "../../../../shared_data.ts";
import { withFolder } from "../../../../temporary.ts";

const sizes = {
  layers: 2,
  heads: 4,
  keyHeads: 2,
  headWidth: 8,
  channels: 32,
  hidden: 64,
  seqLen: 64,
  vocabSize: 50,
};

/** A model of each architecture, with the switches of the published models. */
const models: Readonly<Record<string, ModelConfig>> = {
  llama: sizes,
  "llama with biases": { ...sizes, tie: false, attentionBias: "all", mlpBias: true, headWidth: 16 },
  "llama 3.1": {
    ...sizes,
    ropeBase: 500_000,
    ropeScaling: "llama3",
    ropeFactor: 8,
    ropeLength: 32,
    ropeLow: 1,
    ropeHigh: 4,
  },
  "linear scaling": { ...sizes, ropeScaling: "linear", ropeFactor: 4 },
  "long window": { ...sizes, window: 64 },
  qwen2: { ...sizes, attentionBias: "qkv", normEps: 1e-6, ropeBase: 1e6 },
  "qwen2 yarn": {
    ...sizes,
    attentionBias: "qkv",
    ropeScaling: "yarn",
    ropeFactor: 4,
    ropeLength: 32,
    ropeLow: 2,
    ropeHigh: 16,
  },
  qwen3: { ...sizes, queryNorm: true, headWidth: 32, normEps: 1e-6 },
  smollm3: { ...sizes, ropeEvery: 4, layers: 4, ropeBase: 2e6 },
  gemma2: { ...sizes, gemma: true, gate: "gelu", attentionCap: 50, logitCap: 30, window: 16, globalEvery: 2 },
  gemma3: {
    ...sizes,
    gemma: true,
    gate: "gelu",
    queryNorm: true,
    window: 16,
    globalEvery: 6,
    localRopeBase: 10_000,
    ropeBase: 1e6,
  },
  "gemma3 by other numbers": {
    ...sizes,
    gemma: true,
    gate: "gelu",
    queryNorm: true,
    window: 16,
    globalEvery: 2,
    localRopeBase: 5000,
  },
  gpt2: { layers: 2, heads: 2, channels: 32, seqLen: 20, vocabSize: 50, vocabPad: 1, normEps: 1e-6 },
  "untied gpt2": { layers: 1, heads: 2, channels: 32, seqLen: 20, vocabSize: 50, vocabPad: 1, tie: false },
};

/** Writes a model; returns its weights. */
async function write(path: string, config: ModelConfig, dtype: GgufDtype): Promise<TensorMap> {
  const weights = initialWeights(modelOf(config), 5);
  for (const { data } of Object.values(weights)) data.forEach((x, i) => data[i] = x + Math.sin(i) / 8);
  const tensors = isLlama(config) ? splitLlamaTensors(weights, config) : weights;
  const writer = await createGgufModel(path, { config, dtype, name: "test", tokenizer: new Map() });
  for (const { name } of writer.order) await writer.write(new Float32Array(tensors[name].data));
  await writer.end();
  writer.close();
  return weights;
}

Deno.test("each architecture is written and read back with the same weights and options", async () => {
  await withFolder(async (dir) => {
    for (const [name, config] of Object.entries(models)) {
      const path = `${dir}/${name}.gguf`, weights = await write(path, config, "f32");
      const file = await openGgufModel(path), read = await readWeights(file);
      strictEqual(file.dtype, "f32");
      const shift = "gemma" in config ? 1e-6 : 0; // adding 1 to a norm and taking it away rounds
      for (const [tensor, { data }] of Object.entries(weights)) {
        strictEqual(String(read[tensor].shape), String(weights[tensor].shape));
        const off = data.findIndex((x, i) =>
          Math.abs(x - read[tensor].data[i]) > (/norm/.test(tensor) ? shift : 0)
        );
        strictEqual(off, -1, `${name}: ${tensor}`);
      }
      if (name === "long window") deepStrictEqual(file.config, { ...file.config, ...sizes });
      else if ("keyHeads" in config) {
        const [got, wanted] = [file.config, config].map((own) =>
          withDefaults(llamaOptions, own as LlamaConfig)
        );
        deepStrictEqual(got, wanted, name);
      } else deepStrictEqual({ vocabPad: 1, ...file.config }, config, name);
    }
  });
});

Deno.test("matrices have the type that is asked for, norms and odd rows are float32", async () => {
  await withFolder(async (dir) => {
    const config: LlamaConfig = { ...sizes, hidden: 48 }; // rows of 48 are no blocks of 32
    for (const dtype of ["f16", "bf16", "q8_0"] as const) {
      const path = `${dir}/${dtype}.gguf`;
      await write(path, config, dtype);
      const { tensors, metadata } = await readGgufHeader(path);
      const typeOf = (name: string) => tensors.get(name)?.type.name;
      strictEqual(typeOf("token_embd.weight"), dtype.toUpperCase());
      strictEqual(typeOf("blk.1.attn_q.weight"), dtype.toUpperCase());
      strictEqual(typeOf("blk.1.ffn_down.weight"), dtype === "q8_0" ? "F32" : dtype.toUpperCase());
      strictEqual(typeOf("blk.1.ffn_norm.weight"), "F32");
      strictEqual(metadata.get("general.file_type"), { f16: 1, bf16: 32, q8_0: 7 }[dtype]);
      for (const { begin } of tensors.values()) strictEqual(begin % 32, 0);
    }
    await write(`${dir}/gpt.gguf`, models.gpt2 as GptConfig, "f16");
    const { tensors } = await readGgufHeader(`${dir}/gpt.gguf`);
    strictEqual(tensors.get("position_embd.weight")?.type.name, "F32");
    deepStrictEqual(tensors.get("blk.0.attn_qkv.weight")?.shape, [96, 32]);
  });
});

sharedTest(
  "a tensor has the bytes that the gguf package writes, in F32 and Q8_0, and the metadata its values",
  [
    "golden/gguf/tiny-llama-f32.gguf",
    "golden/gguf/tiny-llama-q8_0.gguf",
    "golden/models/llama/model.safetensors",
  ],
  (path) =>
    withFolder(async (dir) => {
      for (const dtype of ["f32", "q8_0"] as const) {
        const own = `${dir}/${dtype}.gguf`, golden = path(`golden/gguf/tiny-llama-${dtype}.gguf`);
        const file = await openHuggingFaceFolder(path("golden/models/llama"));
        const config = file.config as LlamaConfig,
          tensors = splitLlamaTensors(await readWeights(file), config);
        const writer = await createGgufModel(own, { config, dtype, name: "test", tokenizer: new Map() });
        for (const { name } of writer.order) await writer.write(new Float32Array(tensors[name].data));
        await writer.end();
        writer.close();
        const [got, wanted] = [await readGgufHeader(own), await readGgufHeader(golden)];
        const [bytes, goldenBytes] = [await Deno.readFile(own), await Deno.readFile(golden)];
        deepStrictEqual([...got.tensors.keys()].sort(), [...wanted.tensors.keys()].sort());
        for (const [name, { begin, bytes: length, type, shape }] of wanted.tensors) {
          const tensor = got.tensors.get(name);
          ok(tensor !== undefined);
          deepStrictEqual([tensor.type.name, tensor.shape], [type.name, shape], name);
          const [a, b] = [
            bytes.slice(tensor.begin, tensor.begin + length),
            goldenBytes.slice(begin, begin + length),
          ];
          deepStrictEqual(a, b, `${dtype}: ${name}`);
        }
        for (const [key, value] of wanted.metadata) {
          if (/^(tokenizer|general\.name)/.test(key)) continue;
          deepStrictEqual(got.metadata.get(key), value, key);
        }
      }
    }),
);

sharedTest(
  "quantized() gives the bytes of gguf for values that it dequantised, and of the F16 and BF16 that it wrote",
  ["golden/gguf/dequant.json"],
  async (path) => {
    const { cases } = JSON.parse(await Deno.readTextFile(path("golden/gguf/dequant.json")));
    let compared = 0;
    for (const { type_id, type, raw, values_f32 } of cases) {
      const dtype = (["f32", "f16", "bf16", "q8_0"] as const).find((own) => own === type.toLowerCase());
      if (dtype === undefined) continue;
      const values = new Float32Array(Uint8Array.fromBase64(values_f32).buffer);
      if (!values.every(Number.isFinite)) continue;
      const again = dequantized(new Uint8Array(quantized(values, dtype)), ggufTypes.get(type_id)!);
      if (dtype === "q8_0") { // a block whose largest value is not 127 gets another scale
        const most = values.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
        again.forEach((x, i) => ok(Math.abs(x - values[i]) <= most / 127 * 0.6, `${x} ${values[i]}`));
      } else deepStrictEqual(new Uint8Array(quantized(values, dtype)), Uint8Array.fromBase64(raw), type);
      compared++;
    }
    ok(compared >= 4, `${compared} cases`);
  },
);

Deno.test("quantized() rounds halves away from zero in Q8_0, and refuses what a type cannot hold", () => {
  const values = new Float32Array(32);
  values.set([127, 0.5, -0.5, 1.5, 2.49, -2.51]);
  const bytes = quantized(values, "q8_0"), numbers = new Int8Array(bytes.buffer, 2);
  deepStrictEqual([...numbers.slice(0, 7)], [127, 1, -1, 2, 2, -3, 0]);
  strictEqual(new DataView(bytes.buffer).getFloat16(0, true), 1);
  deepStrictEqual(new Uint8Array(quantized(new Float32Array(32), "q8_0")), new Uint8Array(34));
  const one = (x: number) => new Float32Array(32).fill(x);
  quantized(one(65504), "f16");
  throws(() => quantized(one(65520), "f16"), /65520 is beyond those of F16: give --dtype bf16/);
  quantized(one(65504 * 127), "q8_0");
  throws(() => quantized(one(65520 * 127), "q8_0"), /beyond those of Q8_0: give --dtype f32/);
  throws(() => quantized(one(Infinity), "q8_0"), /beyond those of Q8_0/);
});

Deno.test("what a GGUF file cannot hold of a configuration is refused by the option's name", async () => {
  const gemma = models.gemma2 as LlamaConfig;
  const cases: readonly (readonly [Partial<LlamaConfig>, string])[] = [
    [{ ...sizes, window: 63 }, "window"],
    [{ ...sizes, gate: "gelu" }, "gate"],
    [{ ...sizes, queryNorm: true, attentionBias: "all" }, "attentionBias"],
    [{ ...sizes, queryNorm: true, ropeScaling: "llama3", ropeFactor: 8 }, "ropeScaling"],
    [{ ...sizes, logitCap: 30 }, "logitCap"],
    [{ ...sizes, attentionCap: 30 }, "attentionCap"],
    [{ ...sizes, scoreWidth: 9 }, "scoreWidth"],
    [{ ...sizes, ropeEvery: 3 }, "ropeEvery"],
    [{ ...sizes, ropeScaling: "yarn", ropeFactor: 2, ropeHigh: 32, ropeAttention: 2 }, "ropeAttention"],
    [{ ...gemma, scoreWidth: 9 }, "scoreWidth"],
    [{ ...gemma, gate: "silu" }, "gate"],
    [{ ...gemma, ropeScaling: "llama3", ropeFactor: 8 }, "ropeScaling"],
    [{ ...gemma, mlpBias: true }, "mlpBias"],
  ];
  for (const [config, option] of cases) {
    const description = ggufDescription(config as LlamaConfig);
    ok("why" in description, option);
    strictEqual(description.option, option);
    ok(description.why.includes(option));
  }
  await rejects(
    createGgufModel("no.gguf", {
      config: cases[0][0] as LlamaConfig,
      dtype: "f32",
      name: "",
      tokenizer: new Map(),
    }),
    /Cannot write no\.gguf: a llama of GGUF has no window, here it is 63/,
  );
});

Deno.test("Llama 3's scaling is recovered from the factors of the published models and of any other", () => {
  const large = { ...sizes, headWidth: 64, seqLen: 1000, ropeScaling: "llama3", ropeBase: 500_000 } as const;
  const limits = [[8, 8192, 1, 4], [32, 8192, 1, 4], [16, 4096, 2, 8], [4, 1000, 1, 2], [8, 8192, 1.5, 3]];
  for (const [ropeFactor, ropeLength, ropeLow, ropeHigh] of limits) {
    const config: LlamaConfig = { ...large, ropeFactor, ropeLength, ropeLow, ropeHigh };
    ok(!("why" in ggufDescription(config)), `${ropeFactor} ${ropeLength} ${ropeLow} ${ropeHigh}`);
  }
});
