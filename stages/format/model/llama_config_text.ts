/**
 * Writes Hugging Face's `config.json` of a model of the Llama family, with keys that transformers 4 and 5
 * read.
 *
 * @module
 */
import {
  type FullLlamaConfig,
  type LlamaConfig,
  llamaOptions,
} from "../../../kernels/models/llama_options.ts";
import { withDefaults } from "../../../kernels/models/model_options.ts";
import type { FloatType } from "./float_types.ts";
import { boundIds, type TextBounds } from "./gpt2_config.ts";
import { type llamaTypes, parseLlamaConfig } from "./llama_config.ts";

type LlamaType = typeof llamaTypes[number];

/** Class of each type in transformers. */
const classes: Readonly<Record<LlamaType, string>> = {
  llama: "LlamaForCausalLM",
  mistral: "MistralForCausalLM",
  qwen2: "Qwen2ForCausalLM",
  qwen3: "Qwen3ForCausalLM",
  gemma2: "Gemma2ForCausalLM",
  gemma3_text: "Gemma3ForCausalLM",
  smollm3: "SmolLM3ForCausalLM",
};

/** Keys whose values are real numbers. */
const floatKeys = [
  "initializer_range",
  "attn_logit_softcapping",
  "final_logit_softcapping",
  "rms_norm_eps",
  "rope_theta",
  "rope_local_base_freq",
  "factor",
  "low_freq_factor",
  "high_freq_factor",
  "beta_slow",
  "beta_fast",
  "attention_factor",
];

/**
 * Returns the text of `config.json`. Throws RangeError for a combination of options that none of the
 * published types has; `path` is the path of the file, for the error message.
 */
export function llamaConfigText(
  config: LlamaConfig,
  { dtype, path, ...textBounds }: TextBounds & { readonly dtype: FloatType; readonly path: string },
): string {
  const full = withDefaults(llamaOptions, config), type = typeOf(full);
  const entries: Record<string, unknown> = {
    architectures: [classes[type]],
    attention_bias: full.attentionBias === "all",
    ...boundIds(textBounds),
    head_dim: full.headWidth,
    [full.gemma ? "hidden_activation" : "hidden_act"]: full.gate === "silu" ? "silu" : "gelu_pytorch_tanh",
    hidden_size: full.channels,
    initializer_range: full.initStd,
    intermediate_size: full.hidden,
    max_position_embeddings: full.seqLen,
    mlp_bias: full.mlpBias,
    model_type: type,
    num_attention_heads: full.heads,
    num_hidden_layers: full.layers,
    num_key_value_heads: full.keyHeads,
    rms_norm_eps: full.normEps,
    tie_word_embeddings: full.tie,
    torch_dtype: dtype === "f32" ? "float32" : "bfloat16",
    use_cache: true,
    vocab_size: full.vocabSize,
    ...ropeKeys(full),
    ...windowKeys(type, full),
    ...(full.ropeEvery > 0 && {
      no_rope_layers: listOf(full, (n) => n % full.ropeEvery === 0 ? 0 : 1),
      no_rope_layer_interval: full.ropeEvery,
    }),
    ...(full.gemma && {
      attn_logit_softcapping: full.attentionCap || null,
      final_logit_softcapping: full.logitCap || null,
      query_pre_attn_scalar: full.scoreWidth || full.headWidth,
    }),
  };
  const sorted = Object.entries(entries).sort(([a], [b]) => a < b ? -1 : 1);
  // Python reads a number without a decimal point as an integer, and transformers checks the type.
  const text = `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`
    .replaceAll(new RegExp(`(?<="(?:${floatKeys.join("|")})": )-?\\d+(?=,?$)`, "gm"), "$&.0");
  // What cannot be read back would silently become another model.
  const wanted = essential(full), got = essential(withDefaults(llamaOptions, parseLlamaConfig(text, path)));
  const lost = Object.entries(wanted).find(([name, value]) =>
    value !== Object.entries(got).find(([n]) => n === name)?.[1]
  );
  if (lost === undefined) return text;
  throw new RangeError(
    `Cannot write ${path}: in a ${type} of Hugging Face ${lost[0]} cannot be ${
      lost[1]
    } beside this model's other ` +
      `options: give --to checkpoints/step-NUMBER (checkpoint)`,
  );
}

/** Returns the options that decide what a model computes. */
export function essential(full: FullLlamaConfig): Readonly<Record<string, unknown>> {
  const { vocabPad: _, initStd: __, scoreWidth, ropeAttention, ropeFactor, ...others } = full;
  const isYarn = full.ropeScaling === "yarn";
  return {
    ...others,
    ropeFactor,
    scoreWidth: scoreWidth || full.headWidth,
    ropeAttention: isYarn ? ropeAttention || 0.1 * Math.log(ropeFactor) + 1 : 0,
    ...(full.ropeScaling === "none" || full.ropeScaling === "linear") &&
      { ropeLength: 0, ropeLow: 0, ropeHigh: 0 },
    ...full.window === 0 && { globalEvery: 0, localRopeBase: 0 },
  };
}

/** Returns the type of transformers that has a model's switches. */
function typeOf({ gemma, queryNorm, attentionBias, ropeEvery, window }: FullLlamaConfig): LlamaType {
  if (gemma) return queryNorm ? "gemma3_text" : "gemma2";
  if (queryNorm) return "qwen3";
  if (attentionBias === "qkv") return "qwen2";
  if (ropeEvery > 0) return "smollm3";
  return window > 0 ? "mistral" : "llama";
}

function ropeKeys(full: FullLlamaConfig): Record<string, unknown> {
  const { ropeBase, localRopeBase, ropeScaling: type, ropeFactor: factor, ropeLength, ropeLow, ropeHigh } =
    full;
  const length = { original_max_position_embeddings: ropeLength };
  const scalings: Readonly<Record<typeof type, unknown>> = {
    none: null,
    linear: { rope_type: type, factor },
    llama3: { rope_type: type, factor, low_freq_factor: ropeLow, high_freq_factor: ropeHigh, ...length },
    yarn: {
      rope_type: type,
      factor,
      beta_slow: ropeLow,
      beta_fast: ropeHigh,
      ...length,
      ...(full.ropeAttention > 0 && { attention_factor: full.ropeAttention }),
    },
  };
  return {
    rope_theta: ropeBase,
    rope_scaling: scalings[type],
    ...(localRopeBase > 0 && { rope_local_base_freq: localRopeBase }),
  };
}

function windowKeys(type: LlamaType, full: FullLlamaConfig): Record<string, unknown> {
  const { window, globalEvery: every } = full;
  if (window === 0) return type === "mistral" ? { sliding_window: null } : {};
  const types = listOf(full, (n) => every > 0 && n % every === 0 ? "full_attention" : "sliding_attention");
  return {
    sliding_window: window,
    ...(type !== "mistral" && { layer_types: types }),
    ...(type === "gemma3_text" && { sliding_window_pattern: every }),
    ...((type === "qwen2" || type === "qwen3" || type === "smollm3") && {
      use_sliding_window: true,
      max_window_layers: 0,
    }),
  };
}

/** Returns a list with an entry for each block, made from the block's number, starting at 1. */
function listOf<T>({ layers }: FullLlamaConfig, entry: (number: number) => T): readonly T[] {
  return Array.from({ length: layers }, (_, i) => entry(i + 1));
}
