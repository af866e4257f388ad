import { deepStrictEqual, match, throws } from "node:assert/strict";
import type { LlamaConfig } from "../../../../kernels/models/llama_options.ts";
import { parseLlamaConfig } from "../../../../stages/format/model/llama_config.ts";
import { llamaConfigText } from "../../../../stages/format/model/llama_config_text.ts";

const plain: LlamaConfig = {
  layers: 4,
  heads: 4,
  keyHeads: 2,
  headWidth: 16,
  channels: 48,
  hidden: 128,
  seqLen: 64,
  vocabSize: 100,
};
const text = (config: LlamaConfig) =>
  llamaConfigText(config, { dtype: "f32", endOfText: 5, path: "m/config.json" });
const gemma = { gemma: true, gate: "gelu", window: 8, scoreWidth: 24 } as const;

/** Switches by the type of transformers that has them. */
const types: readonly (readonly [type: string, switches: Partial<LlamaConfig>])[] = [
  ["llama", {}],
  ["llama", { tie: false, attentionBias: "all", mlpBias: true, normEps: 1e-6, gate: "gelu" }],
  ["llama", { ropeScaling: "linear", ropeFactor: 4 }],
  ["llama", { ropeScaling: "llama3", ropeFactor: 8, ropeLength: 32, ropeBase: 5e5 }],
  ["mistral", { window: 8 }],
  ["qwen2", { attentionBias: "qkv" }],
  ["qwen2", { attentionBias: "qkv", window: 8, globalEvery: 2 }],
  ["qwen2", { attentionBias: "qkv", ropeScaling: "yarn", ropeFactor: 4, ropeLength: 32, ropeHigh: 32 }],
  ["qwen3", { queryNorm: true, ropeScaling: "yarn", ropeFactor: 4, ropeHigh: 32, ropeAttention: 1.5 }],
  ["gemma2", { ...gemma, globalEvery: 2, attentionCap: 50, logitCap: 30 }],
  ["gemma3_text", { ...gemma, queryNorm: true, globalEvery: 4, ropeBase: 1e6, localRopeBase: 1e4 }],
  ["smollm3", { ropeEvery: 4 }],
];

Deno.test("llamaConfigText() writes what parseLlamaConfig() reads, with the type that has the switches", () => {
  for (const [type, switches] of types) {
    const written = text({ ...plain, ...switches }), again = parseLlamaConfig(written, "c");
    match(written, new RegExp(`"model_type": "${type}"`));
    deepStrictEqual(text(again), written, type);
    for (const [name, value] of Object.entries({ ...plain, ...switches })) {
      if (name === "tie" && value === true) continue; // the default
      deepStrictEqual(Object.entries(again).find(([key]) => key === name)?.[1], value, `${type}: ${name}`);
    }
  }
});

Deno.test("llamaConfigText() writes real numbers with a point, since transformers checks their type", () => {
  const written = text({ ...plain, ...gemma, globalEvery: 2, attentionCap: 50, logitCap: 30 });
  match(written, /"attn_logit_softcapping": 50\.0,/);
  match(written, /"rope_theta": 10000\.0,/);
  match(written, /"num_hidden_layers": 4,/);
});

Deno.test("llamaConfigText() refuses a combination that no published type has", () => {
  const refused: readonly (readonly [switches: Partial<LlamaConfig>, option: RegExp])[] = [
    [{ window: 8, globalEvery: 2 }, /in a mistral of Hugging Face globalEvery cannot be 2 beside/],
    [{ queryNorm: true, attentionBias: "qkv" }, /attentionBias cannot be qkv/],
    [{ attentionCap: 5 }, /attentionCap cannot be 5/],
    [{ ropeEvery: 2, window: 8, queryNorm: true, mlpBias: true, logitCap: 2 }, /logitCap cannot be 2/],
  ];
  for (const [switches, message] of refused) {
    throws(() => text({ ...plain, ...switches }), { name: "RangeError", message }, `${message}`);
  }
});
