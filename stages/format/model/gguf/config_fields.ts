/**
 * The metadata of a GGUF file that describes a model's configuration.
 *
 * @module
 */
import { type GptConfig, gptOptions } from "../../../../kernels/models/gpt_options.ts";
import {
  type FullLlamaConfig,
  type LlamaConfig,
  llamaOptions,
  scalingOf,
} from "../../../../kernels/models/llama_options.ts";
import { isLlama, type ModelConfig } from "../../../../kernels/models/model_config.ts";
import { withDefaults } from "../../../../kernels/models/model_options.ts";
import { ropeFrequencies } from "../../../../kernels/models/rope_table.ts";
import { essential } from "../llama_config_text.ts";
import { gpt2Tensors } from "../gpt2_tensors.ts";
import { llamaTensors, partsOf } from "../llama_tensors.ts";
import { ggufConfig } from "./config.ts";
import type { GgufField } from "./head.ts";
import { type GgufArchitecture, ggufName, ggufShape } from "./names.ts";
import { ropeFactors } from "./rope_factors.ts";

/** A model's configuration as a GGUF file holds it. */
export interface GgufDescription {
  readonly architecture: GgufArchitecture;
  readonly fields: ReadonlyMap<string, GgufField>;
  /** Factors of rotary frequencies, a tensor of their own; null for none. */
  readonly ropeFactors: Float32Array<ArrayBuffer> | null;
}

/** Says which option GGUF files cannot hold. */
export interface GgufMisfit {
  readonly option: string;
  readonly why: string;
}

/** Returns the description of a configuration, or the option because of which there is none. */
export function ggufDescription(config: ModelConfig): GgufDescription | GgufMisfit {
  return isLlama(config) ? llamaDescription(config) : gptDescription(config);
}

function gptDescription(config: GptConfig): GgufDescription {
  const { layers, heads, channels, seqLen, vocabSize, normEps } = withDefaults(gptOptions, config);
  return {
    architecture: "gpt2",
    fields: new Map([
      ["gpt2.context_length", u32(seqLen)],
      ["gpt2.block_count", u32(layers)],
      ["gpt2.embedding_length", u32(channels)],
      ["gpt2.feed_forward_length", u32(4 * channels)],
      ["gpt2.attention.head_count", u32(heads)],
      ["gpt2.attention.layer_norm_epsilon", f32(normEps)],
      ["gpt2.vocab_size", u32(vocabSize)],
    ]),
    ropeFactors: null,
  };
}

function llamaDescription(config: LlamaConfig): GgufDescription | GgufMisfit {
  const full = withDefaults(llamaOptions, config), architecture = architectureOf(full);
  const misfit = misfitOf(full, architecture);
  if (misfit !== null) return misfit;
  const scaling = scalingOf(full), { headWidth: width, ropeBase: base } = full;
  const factors = scaling.kind === "llama3" ? ropeFactors(scaling, { width, base }) : null;
  const description = { architecture, fields: fieldsOf(full, architecture), ropeFactors: factors };
  // What cannot be read back would silently become another model.
  const read = withDefaults(llamaOptions, readBack(description, full));
  const [wanted, got] = [comparable(full), comparable(read)];
  const single = (x: unknown) => typeof x === "number" ? Math.fround(x) : String(x);
  const lost = Object.keys(wanted).find((name) => single(wanted[name]) !== single(got[name]));
  if (lost === undefined) return description;
  return {
    option: lost,
    why: `in a ${architecture} of GGUF ${lost} is ${
      got[lost]
    } beside this model's other options, here it is ${wanted[lost]}`,
  };
}

/** Returns the architecture of llama.cpp that has a model's switches. */
function architectureOf({ gemma, queryNorm, attentionBias, ropeEvery }: FullLlamaConfig): GgufArchitecture {
  if (gemma) return queryNorm ? "gemma3" : "gemma2";
  if (queryNorm) return "qwen3";
  if (attentionBias === "qkv") return "qwen2";
  return ropeEvery > 0 ? "smollm3" : "llama";
}

/** Options that llama.cpp ignores in the files of an architecture. */
function misfitOf(full: FullLlamaConfig, architecture: GgufArchitecture): GgufMisfit | null {
  const { window, seqLen, ropeScaling, attentionBias, mlpBias, attentionCap, logitCap } = full;
  const isPlain = architecture === "llama", isGemma = full.gemma;
  const ignored: Partial<Record<keyof FullLlamaConfig, boolean>> = {
    // A window as long as the longest text changes nothing.
    window: window > 0 && window < seqLen && !isGemma,
    ropeScaling: ropeScaling === "llama3" && !isPlain,
    attentionBias: attentionBias !== "none" && architecture !== "qwen2" && !isPlain,
    mlpBias: mlpBias && !isPlain,
    attentionCap: attentionCap > 0 && architecture !== "gemma2",
    logitCap: logitCap > 0 && !isGemma,
    ropeAttention: ropeScaling === "yarn" && full.ropeAttention > 0,
  };
  const found = Object.entries(ignored).find(([, isIgnored]) => isIgnored);
  if (found === undefined) return null;
  const value = Object.entries(full).find(([name]) => name === found[0])?.[1];
  return { option: found[0], why: `a ${architecture} of GGUF has no ${found[0]}, here it is ${value}` };
}

function fieldsOf(full: FullLlamaConfig, architecture: GgufArchitecture): Map<string, GgufField> {
  const { headWidth, heads, channels, gemma, ropeScaling } = full;
  const entries: [string, GgufField | null][] = [
    ["block_count", u32(full.layers)],
    ["context_length", u32(full.seqLen)],
    ["embedding_length", u32(channels)],
    ["feed_forward_length", u32(full.hidden)],
    ["attention.head_count", u32(heads)],
    ["attention.head_count_kv", u32(full.keyHeads)],
    ["attention.layer_norm_rms_epsilon", f32(full.normEps)],
    ["attention.key_length", headWidth * heads === channels ? null : u32(headWidth)],
    ["attention.value_length", headWidth * heads === channels ? null : u32(headWidth)],
    ["vocab_size", u32(full.vocabSize)],
    ["rope.dimension_count", u32(headWidth)],
    ["rope.freq_base", f32(full.ropeBase)],
    [
      "rope.freq_base_swa",
      full.localRopeBase > 0 && full.localRopeBase !== 10_000 ? f32(full.localRopeBase) : null,
    ],
    ["attention.sliding_window", gemma ? u32(full.window) : null],
    [
      "attention.sliding_window_pattern",
      gemma && full.globalEvery !== (architecture === "gemma3" ? 6 : 2) ? u32(full.globalEvery) : null,
    ],
    ["attn_logit_softcapping", full.attentionCap > 0 ? f32(full.attentionCap) : null],
    ["final_logit_softcapping", full.logitCap > 0 ? f32(full.logitCap) : null],
    ["rope.scaling.type", ropeScaling === "linear" || ropeScaling === "yarn" ? string(ropeScaling) : null],
    ["rope.scaling.factor", ropeScaling === "linear" || ropeScaling === "yarn" ? f32(full.ropeFactor) : null],
    [
      "rope.scaling.original_context_length",
      ropeScaling === "llama3" || ropeScaling === "yarn" ? u32(full.ropeLength) : null,
    ],
    [
      "rope.scaling.yarn_beta_fast",
      ropeScaling === "yarn" && full.ropeHigh !== 32 ? f32(full.ropeHigh) : null,
    ],
    ["rope.scaling.yarn_beta_slow", ropeScaling === "yarn" && full.ropeLow !== 1 ? f32(full.ropeLow) : null],
  ];
  return new Map(
    entries.flatMap(([key, field]) => field === null ? [] : [[`${architecture}.${key}`, field]]),
  );
}

/** Returns the configuration that a reader gets from a description. */
function readBack(
  { architecture, fields, ropeFactors }: GgufDescription,
  full: FullLlamaConfig,
): LlamaConfig {
  const read = ggufConfig({
    architecture,
    ropeFactors,
    metadata: new Map(
      [...fields].map(([key, { type, value }]) => [key, type === "f32" ? Math.fround(value) : value]),
    ),
    shapes: new Map(ggufTensors(full).map(({ name, shape }) => [name, shape])),
    refused: (why) => new RangeError(why),
  });
  if (isLlama(read)) return read;
  throw new TypeError("a Llama was read as another model");
}

/** Returns the tensors of a model's file by their names there, in the order in which they are written. */
export function ggufTensors(
  config: ModelConfig,
): readonly { readonly name: string; readonly from: string; readonly shape: readonly number[] }[] {
  const tensors = isLlama(config)
    ? [...llamaTensors(config)].flatMap((tensor) => partsOf(tensor, config))
    : [...gpt2Tensors({ ...config, bias: true })];
  return tensors.map((tensor) => ({
    name: ggufName(tensor.name, config),
    from: tensor.name,
    shape: ggufShape(tensor),
  }));
}

/** What decides what a model computes, with the frequencies in place of the options of Llama 3's scaling. */
function comparable(full: FullLlamaConfig): Readonly<Record<string, unknown>> {
  const { headWidth: width, ropeBase: base, window, seqLen } = full;
  const { globalEvery, localRopeBase, ...options } = essential(full);
  const isOff = window === 0 || window >= seqLen && !full.gemma;
  const common = { ...options, ...(isOff ? { window: 0 } : { globalEvery, localRopeBase }) };
  if (full.ropeScaling !== "llama3") return common;
  const frequencies = ropeFrequencies({ width, base, scaling: scalingOf(full) });
  return {
    ...common,
    ropeFactor: 0,
    ropeLength: 0,
    ropeLow: 0,
    ropeHigh: 0,
    frequencies: frequencies.map((frequency) => frequency.toPrecision(5)),
  };
}

function u32(value: number): GgufField {
  return { type: "u32", value };
}

function f32(value: number): GgufField {
  return { type: "f32", value };
}

function string(value: string): GgufField {
  return { type: "string", value };
}
