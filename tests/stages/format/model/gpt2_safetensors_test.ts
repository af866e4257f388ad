import { deepStrictEqual, rejects, throws } from "node:assert/strict";
import { gpt } from "../../../../kernels/models/gpt.ts";
import type { GptConfig } from "../../../../kernels/models/gpt_options.ts";
import { parametersOf } from "../../../../kernels/models/model.ts";
import { gpt2Config, parseGpt2Config } from "../../../../stages/format/model/gpt2_config.ts";
import { gpt2Tensors } from "../../../../stages/format/model/gpt2_tensors.ts";
import { openHuggingFaceFolder } from "../../../../stages/format/model/hugging_face_folder.ts";
import { readSafetensors, writeSafetensors } from "../../../../stages/format/model/safetensors.ts";
import { encodeSafetensors } from "../../../../stages/format/model/safetensors_bytes.ts";
import { readWeights } from "../../../../stages/format/model/weight_file.ts";
import { withFolder } from "../../../pipelines/program.ts";
import { smallConfig, valuesOf, writeGpt2Folder } from "./gpt2_folder.ts";

const small = Object.fromEntries(
  [...gpt2Tensors(smallConfig)].map((
    tensor,
  ) => [tensor.name, { shape: tensor.shape, data: valuesOf(tensor) }]),
);

Deno.test("gpt2Tensors() are the parameters of gpt(), by name, shape and order, with and without biases and a tied head", () => {
  for (const config of [{}, { bias: false }, { tie: false }, { bias: false, tie: false }]) {
    const parameters = parametersOf(gpt({ ...smallConfig, ...config, vocabPad: 1 }));
    deepStrictEqual(
      [...gpt2Tensors({ ...smallConfig, ...config })],
      [...parameters].map(([name, { tensor }]) => ({ name, shape: tensor.shape })),
    );
  }
});

Deno.test("openHuggingFaceFolder() reads names with and without prefix, and ignores masks and a tied head", () =>
  withFolder(async (dir) => {
    await writeGpt2Folder(`${dir}/bare`);
    await writeGpt2Folder(`${dir}/full`, {
      spell: (name) => name.startsWith("lm_head") ? name : `transformer.${name}`,
      more: [
        { name: "h.0.attn.bias", shape: [1, 1, 3, 3] },
        { name: "h.1.attn.masked_bias", shape: [] },
        { name: "lm_head.weight", shape: [5, 4] },
      ],
    });
    // Written by DataParallel, torch.compile, and one around the other.
    const wrappers = ["module.", "_orig_mod.", "_orig_mod.module.", "module.transformer."];
    for (const [i, prefix] of wrappers.entries()) {
      await writeGpt2Folder(`${dir}/wrapped${i}`, { spell: (name) => prefix + name });
    }
    for (const name of ["bare", "full", ...wrappers.map((_, i) => `wrapped${i}`)]) {
      const file = await openHuggingFaceFolder(`${dir}/${name}`);
      deepStrictEqual([file.config, file.dtype], [smallConfig, "f32"]);
      deepStrictEqual(await readWeights(file), small);
    }
  }));

Deno.test("a head that differs from the embedding is the model's own, also where config.json ties them", () =>
  withFolder(async (dir) => {
    const head = { name: "lm_head.weight", shape: [5, 4] };
    await writeGpt2Folder(dir, { more: [head], tied: false });
    for (const said of [true, undefined]) {
      const { tie_word_embeddings: _, ...others } = JSON.parse(await Deno.readTextFile(`${dir}/config.json`));
      await Deno.writeTextFile(
        `${dir}/config.json`,
        JSON.stringify({ ...others, tie_word_embeddings: said }),
      );
      const file = await openHuggingFaceFolder(dir);
      deepStrictEqual(file.config, { ...smallConfig, tie: false });
      deepStrictEqual((await readWeights(file))["lm_head.weight"].data, valuesOf(head));
    }
  }));

Deno.test("openHuggingFaceFolder() reads a separate head, GELU by erf and a model without biases", () =>
  withFolder(async (dir) => {
    const config: GptConfig = { ...smallConfig, gelu: "erf", tie: false, bias: false };
    await writeGpt2Folder(dir, { config });
    const file = await openHuggingFaceFolder(dir);
    deepStrictEqual(file.config, config);
    deepStrictEqual([...file.shapes.keys()], [...gpt2Tensors(config)].map(({ name }) => name));
    file.close();
  }));

Deno.test("openHuggingFaceFolder() reads shards by their index, and float16", () =>
  withFolder(async (dir) => {
    await writeGpt2Folder(dir);
    await Deno.remove(`${dir}/model.safetensors`);
    const names = Object.keys(small), half = names.length >> 1;
    const halves = Object.fromEntries(
      names.slice(half).map((name) => [name, {
        shape: small[name].shape,
        data: new Uint16Array(small[name].data.length).fill(0x3C00),
      }]),
    );
    const singles = Object.fromEntries(names.slice(0, half).map((name) => [name, small[name]]));
    await writeSafetensors(`${dir}/model-00001-of-00002.safetensors`, singles);
    await writeSafetensors(`${dir}/model-00002-of-00002.safetensors`, halves);
    const index = (map: unknown) =>
      Deno.writeTextFile(`${dir}/model.safetensors.index.json`, JSON.stringify({ weight_map: map }));
    await index(Object.fromEntries(
      names.map((name, i) => [name, `model-0000${i < half ? 1 : 2}-of-00002.safetensors`]),
    ));
    const file = await openHuggingFaceFolder(dir);
    deepStrictEqual(file.dtype, "mixed");
    const weights = await readWeights(file);
    deepStrictEqual(weights[names[0]], small[names[0]]);
    const last = names[names.length - 1];
    deepStrictEqual(weights[last].data, new Float32Array(weights[last].data.length).fill(1));

    for (const map of [{}, { a: "../x.safetensors" }, { a: "/etc/passwd" }, { a: 1 }, [], null]) {
      await index(map);
      await rejects(() => openHuggingFaceFolder(dir), Deno.errors.InvalidData);
    }
  }));

Deno.test("openHuggingFaceFolder() refuses missing, unknown, repeated and transposed tensors, and other types", () =>
  withFolder(async (dir) => {
    await writeGpt2Folder(dir);
    const path = `${dir}/model.safetensors`;
    const { "ln_f.weight": _, ...missing } = small;
    const transposed = {
      ...small,
      "h.0.mlp.c_fc.weight": { ...small["h.0.mlp.c_fc.weight"], shape: [16, 4] },
    };
    const whole = { ...small, "ln_f.weight": { shape: [4], data: new Uint32Array(4) } };
    for (
      const [tensors, why] of [
        [missing, /ln_f\.weight is missing: the first names found are "?\w/],
        [
          { ...small, "h.2.ln_1.weight": small["ln_f.weight"] },
          /h\.2\.ln_1\.weight" is not part of this GPT-2/,
        ],
        [{ ...small, "transformer.ln_f.weight": small["ln_f.weight"] }, /"ln_f\.weight" occurs twice/],
        [transposed, /transpose/],
        [whole, /has type U32/],
      ] as const
    ) {
      await writeSafetensors(path, tensors);
      await rejects(
        () => openHuggingFaceFolder(dir),
        (error) => error instanceof Deno.errors.InvalidData && why.test(error.message),
      );
    }
    await Deno.remove(path);
    await rejects(() => openHuggingFaceFolder(dir), Deno.errors.NotFound);
  }));

Deno.test("parseGpt2Config() reads what gpt2Config() writes and refuses what the model does not support", () => {
  for (
    const config of [
      smallConfig,
      { ...smallConfig, gelu: "erf", tie: false, normEps: 1e-6, dropout: 0.1 } as const,
    ]
  ) {
    deepStrictEqual(parseGpt2Config(gpt2Config(config, { dtype: "f32", endOfText: 4 }), "x"), config);
  }
  const config = JSON.parse(gpt2Config(smallConfig, { dtype: "f32", endOfText: null }));
  for (const [word, gelu] of [["gelu_python", "erf"], ["gelu_accurate", "tanh"], ["gelu_fast", "tanh"]]) {
    const read = parseGpt2Config(JSON.stringify({ ...config, activation_function: word }), "x");
    deepStrictEqual(read.gelu ?? "tanh", gelu, word);
  }
  for (
    const change of [
      { model_type: "llama" },
      { activation_function: "relu" },
      { n_inner: 7 },
      { layer_norm_epsilon: 0 },
      { layer_norm_epsilon: "1e-5" },
      { scale_attn_weights: false },
      { scale_attn_by_inverse_layer_idx: true },
      { quantization_config: { bits: 4 } },
      { n_head: 3 },
      { n_embd: "4" },
      { n_embd: -4 },
      { n_embd: null },
      { n_layer: 1e9 },
      { vocab_size: 1.5 },
      { n_positions: 2 ** 60 },
    ]
  ) {
    throws(() => parseGpt2Config(JSON.stringify({ ...config, ...change }), "x"), Deno.errors.InvalidData);
  }
  for (const text of ["", "[]", "null", "7", "{", "[".repeat(100_000)]) {
    throws(() => parseGpt2Config(text, "x"), Deno.errors.InvalidData);
  }
  const { n_positions, ...old } = config;
  deepStrictEqual(parseGpt2Config(JSON.stringify({ ...old, n_ctx: n_positions }), "x"), smallConfig);
});

Deno.test("readSafetensors() refuses repeated names, deep nesting and text that is not UTF-8", () =>
  withFolder(async (dir) => {
    const path = `${dir}/x.safetensors`;
    const intact = encodeSafetensors({ a: { shape: [1], data: Float32Array.of(1) } });
    const withHeader = (json: Uint8Array | string) => {
      const head = typeof json === "string" ? new TextEncoder().encode(json) : json;
      const bytes = new Uint8Array(8 + head.length + 4);
      new DataView(bytes.buffer).setBigUint64(0, BigInt(head.length), true);
      bytes.set(head, 8);
      return bytes;
    };
    const a = '{"dtype":"F32","shape":[1],"data_offsets":[0,4]}';
    const deep = `${"[".repeat(50_000)}${"]".repeat(50_000)}`;
    await Deno.writeFile(path, withHeader(`{"a":${a}}`));
    deepStrictEqual(await readSafetensors(path), { a: { shape: [1], data: Float32Array.of(0) } });
    for (
      const bytes of [
        withHeader(`{"a":${a},"a":${a}}`),
        withHeader(`{"a":${a},"\\u0061" :${a}}`),
        withHeader(`{"a":${a.replace("[1]", deep)}}`),
        withHeader(deep),
        withHeader(`{"a":${a.replace('"F32"', deep)}}`),
        withHeader(`{"a":${a.replace("[0,4]", "[0,4.5]")}}`),
        withHeader(`{"a":${a.replace("[1]", "[NaN]")}}`),
        withHeader(`{"a":${a.replace("[0,4]", "[1152921504606846976,1152921504606846980]")}}`),
        withHeader(`{"a":${a.replace("[0,4]", "[0,1e400]")}}`),
        withHeader(
          Uint8Array.from([
            ...new TextEncoder().encode('{"'),
            0xFF,
            0xFE,
            ...new TextEncoder().encode(`":${a}}`),
          ]),
        ),
        withHeader(`{"a":${a.replace("F32", "F64")}}`),
        intact.subarray(0, 12),
      ]
    ) {
      await Deno.writeFile(path, bytes);
      await rejects(() => readSafetensors(path), Deno.errors.InvalidData);
    }
    await Deno.writeFile(path, withHeader(`{"a":${a.replace("F32", "I32")}}`));
    await rejects(() => readSafetensors(path), /type I32/);
  }));
