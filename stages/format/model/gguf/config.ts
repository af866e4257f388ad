/**
 * The configuration of a model in the metadata of a GGUF file.
 *
 * @module
 */
import { type GptConfig, gptFault, gptOptions } from "../../../../kernels/models/gpt_options.ts";
import { type LlamaConfig, llamaFault, llamaOptions } from "../../../../kernels/models/llama_options.ts";
import type { ModelConfig } from "../../../../kernels/models/model_config.ts";
import { withoutDefaults } from "../../../../kernels/models/model_options.ts";
import type { Shape } from "../../../../kernels/core/tensor.ts";
import { excerpt } from "../../text/excerpt.ts";
import { shortestOfSingle } from "./float_text.ts";
import type { GgufValue } from "./header.ts";
import { type GgufArchitecture, ROPE_FACTORS } from "./names.ts";
import { scalingOfFactors } from "./rope_factors.ts";

/** What a configuration is read from. */
export interface GgufContents {
  readonly architecture: GgufArchitecture;
  readonly metadata: ReadonlyMap<string, GgufValue>;
  /** Shapes of the tensors by name. */
  readonly shapes: ReadonlyMap<string, Shape>;
  /** Factors of rotary frequencies, if the file has them. */
  readonly ropeFactors: Float32Array | null;
  /** Returns an error that names the file. */
  refused(why: string): Error;
}

type Get = (key: string) => GgufValue | undefined;

/** Layers of the models of 27 billion parameters, whose attention scores have another divisor. */
const widest: Readonly<Partial<Record<GgufArchitecture, number>>> = { gemma2: 46, gemma3: 62 };

/** Returns the configuration. Throws for one that is not supported or contradicts itself. */
export function ggufConfig(contents: GgufContents): ModelConfig {
  const { architecture, metadata, refused } = contents;
  const get: Get = (key) => {
    const value = metadata.get(`${architecture}.${key}`);
    return typeof value === "number" ? shortestOfSingle(value) : value;
  };
  const sizes = {
    layers: get("block_count"),
    heads: get("attention.head_count"),
    channels: get("embedding_length"),
    seqLen: get("context_length"),
    vocabSize: contents.shapes.get("token_embd.weight")?.[0],
  };
  if (architecture === "gpt2") return gptConfig(sizes, { ...contents, get });
  const config = llamaConfig(sizes, { ...contents, get });
  const fault = llamaFault(config);
  if (fault !== null) throw refused(fault);
  return withoutDefaults(llamaOptions, config as LlamaConfig);
}

type Sizes = Readonly<Record<"layers" | "heads" | "channels" | "seqLen" | "vocabSize", unknown>>;
type Given = GgufContents & { readonly get: Get };

function gptConfig(sizes: Sizes, { get, shapes, refused }: Given): GptConfig {
  const config = {
    ...sizes,
    tie: !shapes.has("output.weight"),
    normEps: get("attention.layer_norm_epsilon") ?? 1e-5,
  };
  const hidden = get("feed_forward_length");
  if (hidden !== undefined && hidden !== 4 * Number(sizes.channels)) {
    throw refused(`gpt2.feed_forward_length is ${hidden}, and only 4 times the channels is supported`);
  }
  const fault = gptFault(config);
  if (fault !== null) throw refused(fault);
  return withoutDefaults(gptOptions, config as GptConfig);
}

function llamaConfig(
  sizes: Sizes,
  { architecture, get, shapes, ropeFactors, refused }: Given,
): Record<string, unknown> {
  const { heads, channels } = sizes;
  const headWidth = get("attention.key_length") ?? Number(channels) / Number(heads);
  for (
    const [key, only] of [["attention.value_length", headWidth], ["rope.dimension_count", headWidth]] as const
  ) {
    const value = get(key);
    if (value !== undefined && value !== only) {
      throw refused(`${architecture}.${key} is ${value}, and only ${only} is supported`);
    }
  }
  if (get("expert_count") !== undefined && get("expert_count") !== 0) {
    throw refused("mixtures of experts are not supported");
  }
  const has = (name: string): boolean => shapes.has(name), gemma = architecture.startsWith("gemma");
  const ropeBase = get("rope.freq_base") ?? 10_000;
  return {
    ...sizes,
    keyHeads: get("attention.head_count_kv") ?? heads,
    headWidth,
    hidden: get("feed_forward_length"),
    gate: gemma ? "gelu" : "silu",
    attentionBias: !has("blk.0.attn_q.bias") ? "none" : has("blk.0.attn_output.bias") ? "all" : "qkv",
    mlpBias: has("blk.0.ffn_up.bias"),
    tie: !has("output.weight"),
    normEps: get("attention.layer_norm_rms_epsilon") ?? 1e-5,
    queryNorm: has("blk.0.attn_q_norm.weight"),
    gemma,
    ...(widest[architecture] === sizes.layers && { scoreWidth: Number(channels) / Number(heads) }),
    attentionCap: get("attn_logit_softcapping") ?? 0,
    logitCap: get("final_logit_softcapping") ?? 0,
    ...windowOf(architecture, get),
    ropeEvery: architecture === "smollm3" ? 4 : 0,
    ropeBase,
    ...scalingOf({
      get,
      ropeFactors,
      frequencies: { width: Number(headWidth), base: Number(ropeBase) },
      refused,
    }),
  };
}

/** Returns the sliding window. llama.cpp knows Gemma's pattern and local base by the architecture. */
function windowOf(architecture: GgufArchitecture, get: Get): Record<string, unknown> {
  const window = get("attention.sliding_window") ?? 0, pattern = get("attention.sliding_window_pattern");
  const every = typeof pattern === "number" ? pattern : architecture === "gemma3" ? 6 : 2;
  if (architecture === "gemma2") return { window, globalEvery: every };
  if (architecture === "gemma3") {
    return { window, globalEvery: every, localRopeBase: get("rope.freq_base_swa") ?? 10_000 };
  }
  return { window };
}

function scalingOf(
  { get, ropeFactors, frequencies, refused }: Pick<GgufContents, "ropeFactors" | "refused"> & {
    readonly get: Get;
    readonly frequencies: { readonly width: number; readonly base: number };
  },
): Partial<Record<keyof LlamaConfig, unknown>> {
  const type = get("rope.scaling.type") ?? "none", factor = get("rope.scaling.factor");
  const length = get("rope.scaling.original_context_length");
  if (ropeFactors !== null) {
    const scaling = scalingOfFactors(ropeFactors, {
      ...frequencies,
      length: typeof length === "number" ? length : undefined,
    });
    if (scaling !== null && type === "none") return scaling;
    throw refused(`its factors of rotary frequencies, ${ROPE_FACTORS}, are not those of a Llama 3`);
  }
  switch (type) {
    case "none":
      return {};
    case "linear":
      return { ropeScaling: "linear", ropeFactor: factor };
    case "yarn":
      return {
        ropeScaling: "yarn",
        ropeFactor: factor,
        ropeLength: length,
        ropeLow: get("rope.scaling.yarn_beta_slow") ?? 1,
        ropeHigh: get("rope.scaling.yarn_beta_fast") ?? 32,
      };
    default:
      throw refused(`rope.scaling.type is ${excerpt(type)}, expected none, linear or yarn`);
  }
}
