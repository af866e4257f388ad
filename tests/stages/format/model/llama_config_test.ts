import { deepStrictEqual, throws } from "node:assert/strict";
import { llama } from "../../../../kernels/models/llama.ts";
import type { LlamaConfig } from "../../../../kernels/models/llama_options.ts";
import { parametersOf } from "../../../../kernels/models/model.ts";
import { parseLlamaConfig } from "../../../../stages/format/model/llama_config.ts";
import { llamaTensors, splitLlamaTensors } from "../../../../stages/format/model/llama_tensors.ts";

/** The config.json of a small Llama, as transformers 4 writes it. */
const small = {
  model_type: "llama",
  hidden_size: 48,
  intermediate_size: 128,
  num_hidden_layers: 4,
  num_attention_heads: 3,
  max_position_embeddings: 64,
  vocab_size: 100,
};
const sizes = {
  layers: 4,
  heads: 3,
  keyHeads: 3,
  headWidth: 16,
  channels: 48,
  hidden: 128,
  seqLen: 64,
  vocabSize: 100,
};
const parse = (change: Record<string, unknown>) =>
  parseLlamaConfig(JSON.stringify({ ...small, ...change }), "a/config.json");

Deno.test("parseLlamaConfig() takes what transformers takes for keys that are missing", () => {
  deepStrictEqual(parse({}), { ...sizes, tie: false, normEps: 1e-6, ropeEvery: 0 });
});

/** Changes of config.json, and the options that they stand for. */
const cases:
  readonly (readonly [name: string, change: Record<string, unknown>, options: Record<string, unknown>])[] = [
    ["heads of keys", { num_key_value_heads: 1, head_dim: 24 }, { keyHeads: 1, headWidth: 24 }],
    ["transformers 4", { rope_theta: 5e5, rope_scaling: { type: "linear", factor: 2 } }, {
      ropeBase: 5e5,
      ropeScaling: "linear",
      ropeFactor: 2,
    }],
    ["transformers 5", { rope_parameters: { rope_theta: 5e5, rope_type: "linear", factor: 2 } }, {
      ropeBase: 5e5,
      ropeScaling: "linear",
      ropeFactor: 2,
    }],
    ["llama3", {
      rope_scaling: {
        rope_type: "llama3",
        factor: 8,
        low_freq_factor: 1,
        high_freq_factor: 4,
        original_max_position_embeddings: 32,
      },
    }, { ropeScaling: "llama3", ropeFactor: 8, ropeLength: 32 }],
    ["yarn", { rope_scaling: { rope_type: "yarn", factor: 4 } }, {
      ropeScaling: "yarn",
      ropeFactor: 4,
      ropeLength: 64,
      ropeHigh: 32,
    }],
    ["biases of Llama", { attention_bias: true, mlp_bias: true }, { attentionBias: "all", mlpBias: true }],
    ["Qwen 2", { model_type: "qwen2", sliding_window: 8 }, { attentionBias: "qkv" }],
    ["Qwen 2 with windows", {
      model_type: "qwen2",
      sliding_window: 8,
      use_sliding_window: true,
      max_window_layers: 0,
    }, {
      attentionBias: "qkv",
      window: 8,
    }],
    ["Qwen 3", { model_type: "qwen3" }, { queryNorm: true }],
    ["Mistral", { model_type: "mistral", sliding_window: 8 }, { window: 8 }],
    ["Mistral without a window", { model_type: "mistral", sliding_window: null }, {}],
    ["SmolLM 3", { model_type: "smollm3", no_rope_layers: [1, 0, 1, 0] }, { ropeEvery: 2 }],
  ];

Deno.test("parseLlamaConfig() reads the switches of the family", () => {
  const plain = parse({});
  for (const [name, change, options] of cases) deepStrictEqual(parse(change), { ...plain, ...options }, name);
});

Deno.test("parseLlamaConfig() reads Gemma 3 of transformers 4 and 5", () => {
  const gemma = { model_type: "gemma3_text", sliding_window: 8, query_pre_attn_scalar: 24, head_dim: 16 };
  const old = parse({ ...gemma, rope_theta: 1e6, rope_local_base_freq: 1e4, sliding_window_pattern: 2 });
  const types = ["sliding_attention", "full_attention", "sliding_attention", "full_attention"];
  const parameters = {
    full_attention: { rope_theta: 1e6, rope_type: "default" },
    sliding_attention: { rope_theta: 1e4, rope_type: "default" },
  };
  deepStrictEqual(parse({ ...gemma, rope_parameters: parameters, layer_types: types }), old);
  const { gate, gemma: isGemma, tie, queryNorm, window, globalEvery, scoreWidth, ropeBase, localRopeBase } =
    old;
  deepStrictEqual(
    { gate, isGemma, queryNorm, window, globalEvery, scoreWidth, ropeBase, localRopeBase, tie },
    {
      gate: "gelu",
      isGemma: true,
      queryNorm: true,
      window: 8,
      globalEvery: 2,
      scoreWidth: 24,
      ropeBase: 1e6,
      localRopeBase: 1e4,
      tie: undefined, // the default
    },
  );
});

Deno.test("parseLlamaConfig() refuses what it cannot compute, and names the key", () => {
  const refused: readonly (readonly [change: Record<string, unknown>, why: RegExp])[] = [
    [{ model_type: "mixtral" }, /a\/config\.json: model_type is "mixtral", expected llama, mistral/],
    [{ model_type: undefined }, /model_type is undefined/],
    [{ hidden_act: "relu" }, /hidden_act is "relu", expected silu/],
    [
      { rope_scaling: { rope_type: "longrope", factor: 2 } },
      /rope_type is "longrope", expected default, linear/,
    ],
    [{ rope_scaling: { rope_type: "dynamic", factor: 2 } }, /rope_type is "dynamic"/],
    [{ rope_scaling: { type: "linear" } }, /factor of the linear scaling is undefined, expected a number/],
    [{ rope_scaling: { type: "yarn", factor: 2, mscale: 1 } }, /mscale of the yarn scaling is 1/],
    [{ partial_rotary_factor: 0.5 }, /partial_rotary_factor is 0\.5/],
    [{ quantization_config: { bits: 4 } }, /quantization_config/],
    [{ num_key_value_heads: 2 }, /keyHeads is 2, expected a divisor of the 3 heads/],
    [{ num_hidden_layers: 1e9 }, /layers is 1000000000, expected a whole number from 1 to 1000/],
    [{ hidden_size: 50 }, /headWidth is 16\.6/],
    [{ model_type: "smollm3", no_rope_layers: [1, 0, 0, 1] }, /no_rope_layers is/],
    [
      { model_type: "qwen2", sliding_window: 8, use_sliding_window: true, max_window_layers: 2 },
      /max_window_layers is 2, expected 0 or at least the 4 layers/,
    ],
  ];
  for (const [change, why] of refused) {
    throws(() => parse(change), { name: "InvalidData", message: why }, `${why}`);
  }
  throws(() => parseLlamaConfig("{", "c"), /it is not JSON/);
});

Deno.test("splitLlamaTensors() gives the parts of joined tensors, with fewer heads of keys too", () => {
  const config = { ...sizes, layers: 1, heads: 2, keyHeads: 1, headWidth: 2, channels: 3, hidden: 2 };
  const tensor = (rows: number, from = 0) => ({
    shape: [rows, 3],
    data: Float32Array.from({ length: rows * 3 }, (_, i) => from + i),
  });
  const at = (name: string) => `model.layers.0.${name}.weight`;
  const weights = {
    [at("self_attn.qkv_proj")]: tensor(8),
    [at("mlp.gate_up_proj")]: tensor(4),
    other: tensor(1),
  };
  deepStrictEqual(splitLlamaTensors(weights, config), {
    [at("self_attn.q_proj")]: tensor(4),
    [at("self_attn.k_proj")]: tensor(2, 12),
    [at("self_attn.v_proj")]: tensor(2, 18),
    [at("mlp.gate_proj")]: tensor(2),
    [at("mlp.up_proj")]: tensor(2, 6),
    other: tensor(1),
  });
});

Deno.test("llamaTensors() lists the model's parameters with their shapes, for every switch", () => {
  const switches: readonly Partial<LlamaConfig>[] = [
    {},
    { tie: false, attentionBias: "all", mlpBias: true },
    { attentionBias: "qkv" },
    { queryNorm: true, keyHeads: 1 },
    { gemma: true, queryNorm: true },
  ];
  for (const more of switches) {
    const config: LlamaConfig = { ...sizes, ...more }, listed = [...llamaTensors(config)];
    const parameters = [...parametersOf(llama(config))];
    deepStrictEqual(
      Object.fromEntries(listed.map(({ name, shape }) => [name, shape])),
      Object.fromEntries(parameters.map(([name, { tensor }]) => [name, tensor.shape])),
    );
  }
});
