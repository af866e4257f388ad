/**
 * Hugging Face's `config.json` of a model of the Llama family, as transformers 4 and 5 write it.
 *
 * A config.json that describes another computation causes an error, because the model would load but give
 * wrong results. Source: transformers `configuration_llama.py` and those of mistral, qwen2, qwen3, gemma2,
 * gemma3 and smollm3.
 *
 * @module
 */
import { type LlamaConfig, llamaFault, llamaOptions } from "../../../kernels/models/llama_options.ts";
import { withoutDefaults } from "../../../kernels/models/model_options.ts";
import { invalidData } from "../invalid_data.ts";
import { excerpt } from "../text/excerpt.ts";
import { parseJson } from "../text/parse_json.ts";
import { type Fields, fieldsOf, type Wrong } from "./json_fields.ts";
import { ropeOptions } from "./rope_config.ts";

/** The values of `model_type` that are read. */
export const llamaTypes = [
  "llama",
  "mistral",
  "qwen2",
  "qwen3",
  "gemma2",
  "gemma3_text",
  "smollm3",
] as const;

/**
 * Returns the model that a `config.json` describes. Throws Deno.errors.InvalidData, naming `path`, the key
 * and the expected value, if it is not of the Llama family or not supported.
 */
export function parseLlamaConfig(text: string, path: string): LlamaConfig {
  const wrong: Wrong = (why, cause) =>
    invalidData(`Cannot read the model's configuration from ${path}: ${why}`, { cause });
  let json: unknown;
  try {
    json = parseJson(text);
  } catch (cause) {
    throw wrong("it is not JSON", cause);
  }
  const get = fieldsOf(json), type = get("model_type");
  if (!isLlamaType(type)) {
    throw wrong(`model_type is ${excerpt(type)}, expected ${llamaTypes.join(", ")}`);
  }
  refuse(get, wrong);
  const gemma = type.startsWith("gemma");
  const config = {
    ...sizes(get),
    gate: gateOf(
      get("hidden_activation") ?? get("hidden_act") ?? (gemma ? "gelu_pytorch_tanh" : "silu"),
      wrong,
    ),
    attentionBias: type === "qwen2" ? "qkv" : get("attention_bias") === true ? "all" : "none",
    mlpBias: get("mlp_bias") ?? false,
    tie: get("tie_word_embeddings") ?? gemma,
    normEps: get("rms_norm_eps") ?? 1e-6,
    initStd: get("initializer_range") ?? 0.02,
    queryNorm: type === "qwen3" || type === "gemma3_text",
    gemma,
    scoreWidth: gemma ? get("query_pre_attn_scalar") ?? 256 : 0,
    attentionCap: get("attn_logit_softcapping") ?? 0,
    logitCap: get("final_logit_softcapping") ?? 0,
    ...windows(type, { get, wrong }),
    ropeEvery: everyNth(get("no_rope_layers"), (rotary) => rotary === 0, "no_rope_layers", wrong) ?? 0,
    ...ropeOptions(get, wrong),
  };
  const fault = llamaFault(config);
  if (fault !== null) throw wrong(fault);
  return withoutDefaults(llamaOptions, config as LlamaConfig);
}

function isLlamaType(type: unknown): type is typeof llamaTypes[number] {
  return llamaTypes.some((known) => known === type);
}

/** Throws for keys that change what the model computes and that this project does not have. */
function refuse(get: Fields, wrong: Wrong): void {
  const only: Readonly<Record<string, readonly unknown[]>> = {
    partial_rotary_factor: [1],
    quantization_config: [],
    use_bidirectional_attention: [false],
    rope_interleaved: [false],
  };
  for (const [key, values] of Object.entries(only)) {
    const value = get(key);
    if (value === undefined || values.includes(value)) continue;
    throw wrong(`${key} is ${excerpt(value)}, and only ${values.map(excerpt).join() || "null"} is supported`);
  }
}

function sizes(get: Fields): Record<string, unknown> {
  const heads = get("num_attention_heads"), channels = get("hidden_size");
  return {
    layers: get("num_hidden_layers"),
    heads,
    keyHeads: get("num_key_value_heads") ?? heads,
    headWidth: get("head_dim") ?? Number(channels) / Number(heads),
    channels,
    hidden: get("intermediate_size"),
    seqLen: get("max_position_embeddings"),
    vocabSize: get("vocab_size"),
  };
}

function gateOf(name: unknown, wrong: Wrong): "silu" | "gelu" {
  if (name === "silu" || name === "swish") return "silu";
  if (name === "gelu_pytorch_tanh" || name === "gelu_new") return "gelu";
  throw wrong(`hidden_act is ${excerpt(name)}, expected silu or gelu_pytorch_tanh`);
}

/** Returns which blocks have a sliding window. */
function windows(
  type: typeof llamaTypes[number],
  { get, wrong }: { readonly get: Fields; readonly wrong: Wrong },
): Record<string, unknown> {
  const window = get("sliding_window"), layers = Number(get("num_hidden_layers"));
  const isQwen = type === "qwen2" || type === "qwen3" || type === "smollm3";
  if (window === undefined || type === "llama" || isQwen && get("use_sliding_window") !== true) return {};
  const types = get("layer_types");
  if (types !== undefined) {
    if (Array.isArray(types) && !types.includes("sliding_attention")) return {};
    const isGlobal = (of: unknown) => of === "full_attention";
    return { window, globalEvery: everyNth(types, isGlobal, "layer_types", wrong) };
  }
  if (type === "gemma2") return { window, globalEvery: 2 };
  if (type === "gemma3_text") {
    return { window, globalEvery: get("sliding_window_pattern") ?? get("_sliding_window_pattern") ?? 6 };
  }
  if (!isQwen) return { window };
  const first = Number(get("max_window_layers") ?? 28); // blocks from here on have the window
  if (first >= layers) return {};
  if (first === 0) return { window };
  throw wrong(`max_window_layers is ${first}, expected 0 or at least the ${layers} layers`);
}

/**
 * Returns the N for which a list says `is` of every N-th entry and of no other: 0 if it says so of none;
 * undefined if there is no list. Throws if there is no such N.
 */
function everyNth(
  list: unknown,
  is: (entry: unknown) => boolean,
  key: string,
  wrong: Wrong,
): number | undefined {
  if (list === undefined) return undefined;
  if (!Array.isArray(list)) throw wrong(`${key} is ${excerpt(list)}, expected a list`);
  const every = list.findIndex(is) + 1;
  if (list.every((entry, i) => is(entry) === (every > 0 && (i + 1) % every === 0))) return every;
  throw wrong(`${key} is ${excerpt(list)}, and only a list in which every N-th entry differs is supported`);
}
