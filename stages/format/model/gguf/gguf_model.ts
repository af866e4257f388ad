/**
 * Models of the Llama family in GGUF files, as llama.cpp converts and runs them.
 *
 * @module
 */
import { type BlockRows, hasProducts } from "../../../../kernels/core/blocks/block_layout.ts";
import { sizeOf } from "../../../../kernels/core/tensor.ts";
import {
  type FullLlamaConfig,
  type LlamaConfig,
  llamaFault,
  llamaOptions,
} from "../../../../kernels/models/llama_options.ts";
import { withDefaults, withoutDefaults } from "../../../../kernels/models/model_options.ts";
import { readFull } from "../../../disk/exact_io.ts";
import { openFile } from "../../../disk/files.ts";
import { excerpt } from "../../text/excerpt.ts";
import { HEAD, llamaTensors, partsOf } from "../llama_tensors.ts";
import type { NamedShape, WeightFile } from "../weight_file.ts";
import { hasFiniteScales } from "../../../../kernels/core/blocks/block_formats.ts";
import { dequantized } from "./blocks.ts";
import { type GgufHeader, type GgufTensor, type GgufValue, readGgufHeader } from "./header.ts";

/** The values of `general.architecture` that are read. */
const architectures = ["llama", "qwen2", "qwen3", "gemma2", "gemma3"] as const;

type GgufArchitecture = typeof architectures[number];

/** Names of a layer's tensors in GGUF files, by their names in Hugging Face's. */
const layerNames: Readonly<Record<string, string>> = {
  "input_layernorm": "attn_norm",
  "self_attn.q_proj": "attn_q",
  "self_attn.k_proj": "attn_k",
  "self_attn.v_proj": "attn_v",
  "self_attn.o_proj": "attn_output",
  "self_attn.q_norm": "attn_q_norm",
  "self_attn.k_norm": "attn_k_norm",
  "mlp.gate_proj": "ffn_gate",
  "mlp.up_proj": "ffn_up",
  "mlp.down_proj": "ffn_down",
};

/**
 * Opens a model. Its tensors are read as float32; `dtype` is "mixed". Throws Deno.errors.InvalidData for a
 * damaged file, another architecture, and tensors that do not fit the metadata.
 */
export async function openGgufModel(path: string): Promise<WeightFile> {
  const header = await readGgufHeader(path), { tensors } = header;
  const refused = (why: string): Error =>
    new Deno.errors.InvalidData(`Cannot read the model in ${path}: ${why}`);
  const architecture = header.metadata.get("general.architecture");
  const known = architectures.find((name) => name === architecture);
  if (known === undefined) {
    throw refused(
      `general.architecture is ${excerpt(architecture)}, expected one of ${architectures.join(", ")}`,
    );
  }
  const config = configOf(header, { architecture: known, refused });
  const full = withDefaults(llamaOptions, config), left = new Set(tensors.keys());
  left.delete("rope_freqs.weight");
  const places = new Map<string, readonly (NamedShape & { readonly tensor: GgufTensor })[]>();
  const shapes = new Map<string, NamedShape["shape"]>();
  for (const whole of llamaTensors(config)) {
    const parts = partsOf(whole, config).map((part) => {
      const name = ggufName(part.name, full), tensor = tensors.get(name);
      if (tensor === undefined) throw refused(`tensor ${name} is missing`);
      if (String(tensor.shape) !== String(part.shape)) {
        throw refused(`tensor ${name} has shape [${tensor.shape}], expected [${part.shape}]`);
      }
      left.delete(name);
      return { ...part, tensor };
    });
    places.set(whole.name, parts);
    shapes.set(whole.name, whole.shape);
  }
  const [unknown] = left;
  if (unknown !== undefined) throw refused(`tensor ${excerpt(unknown)} is not part of this model`);
  const file = await openFile(path);
  const readBytes = async ({ begin, bytes: size }: GgufTensor): Promise<Uint8Array<ArrayBuffer>> => {
    const bytes = new Uint8Array(size);
    await file.seek(begin, Deno.SeekMode.Start);
    await readFull(file, bytes, path);
    return bytes;
  };
  const partsOfTensor = (name: string) => {
    const parts = places.get(name);
    if (parts === undefined) throw new RangeError(`Cannot read ${name}: ${path} has no such tensor`);
    return parts;
  };
  return {
    path,
    config,
    dtype: "mixed",
    shapes,
    async read(name) {
      const parts = partsOfTensor(name);
      const data = new Float32Array(parts.reduce((sum, { shape }) => sum + sizeOf(shape), 0));
      let at = 0;
      for (const { name, tensor, shape } of parts) {
        const bytes = await readBytes(tensor);
        data.set(
          asInHuggingFace(dequantized(bytes, tensor.type), { name, shape, full, architecture: known }),
          at,
        );
        at += sizeOf(shape);
      }
      return data;
    },
    blocks: {
      rows: blocksOf(places),
      async read(name) {
        const parts = partsOfTensor(name), size = parts.reduce((sum, { tensor }) => sum + tensor.bytes, 0);
        const words = new Uint32Array(Math.ceil(size / 4)), all = new Uint8Array(words.buffer);
        let at = 0;
        for (const { name, tensor, shape: [rows] } of parts) {
          const bytes = await readBytes(tensor), { format } = tensor.type;
          if (format === undefined) {
            throw new RangeError(`Cannot read blocks of ${name}: it is not quantised`);
          }
          if (!hasFiniteScales(bytes, format)) {
            throw refused(
              `tensor ${ggufName(name, full)} has a scale that is NaN or infinite: fetch the file again`,
            );
          }
          all.set(isPairwise(name, known) ? inHalves(bytes, { rows, headWidth: full.headWidth }) : bytes, at);
          at += tensor.bytes;
        }
        return words;
      },
    },
    close: () => file.close(),
  };
}

/** Returns the name of a tensor in GGUF files. */
function ggufName(name: string, { gemma }: FullLlamaConfig): string {
  if (name === "model.embed_tokens.weight") return "token_embd.weight";
  if (name === "model.norm.weight") return "output_norm.weight";
  if (name === HEAD) return "output.weight";
  const [, layer, place, kind] = /^model\.layers\.(\d+)\.(.+)\.(weight|bias)$/.exec(name) ?? [];
  const norms: Readonly<Record<string, string>> = gemma
    ? {
      "post_attention_layernorm": "post_attention_norm",
      "pre_feedforward_layernorm": "ffn_norm",
      "post_feedforward_layernorm": "post_ffw_norm",
    }
    : { "post_attention_layernorm": "ffn_norm" };
  return `blk.${layer}.${layerNames[place] ?? norms[place] ?? place}.${kind}`;
}

/**
 * Undoes what llama.cpp's converter does to tensors. For `llama` it orders the rows of queries and keys so
 * that pairs of rotary positions are neighbours; for Gemma it adds the 1 to the weights of norms.
 */
function asInHuggingFace(
  data: Float32Array<ArrayBuffer>,
  { name, shape, full, architecture }: NamedShape & {
    readonly full: FullLlamaConfig;
    readonly architecture: GgufArchitecture;
  },
): Float32Array<ArrayBuffer> {
  if (full.gemma && /norm\.weight$/.test(name)) return data.map((x) => x - 1);
  if (!isPairwise(name, architecture)) return data;
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return new Float32Array(inHalves(bytes, { rows: shape[0], headWidth: full.headWidth }).buffer);
}

/** Returns whether the rows of a tensor are in llama.cpp's order, with pairs next to each other. */
function isPairwise(name: string, architecture: GgufArchitecture): boolean {
  return architecture === "llama" && /\.(q_proj|k_proj)\./.test(name);
}

/** Returns the rows of all heads, given as bytes, with the first halves of pairs before the second halves. */
function inHalves(
  bytes: Uint8Array<ArrayBuffer>,
  { rows, headWidth }: { readonly rows: number; readonly headWidth: number },
): Uint8Array<ArrayBuffer> {
  const half = headWidth / 2, size = bytes.length / rows, out = new Uint8Array(bytes.length);
  for (let row = 0; row < rows; row++) {
    const inHead = row % headWidth, head = row - inHead;
    const from = head + 2 * (inHead % half) + Math.floor(inHead / half);
    out.set(bytes.subarray(from * size, (from + 1) * size), row * size);
  }
  return out;
}

/** Returns the tensors all of whose parts have blocks that products can use. */
function blocksOf(
  places: ReadonlyMap<string, readonly (NamedShape & { readonly tensor: GgufTensor })[]>,
): ReadonlyMap<string, readonly BlockRows[]> {
  const blocks = new Map<string, readonly BlockRows[]>();
  for (const [name, parts] of places) {
    const rows = parts.flatMap(({ shape, tensor: { type: { format } } }) =>
      format !== undefined && shape.length === 2 && hasProducts(format, shape[1])
        ? [{ format, rows: shape[0] }]
        : []
    );
    if (rows.length === parts.length) blocks.set(name, rows);
  }
  return blocks;
}

function configOf(
  { metadata, tensors }: GgufHeader,
  { architecture, refused }: { readonly architecture: GgufArchitecture; refused(why: string): Error },
): LlamaConfig {
  const get = (key: string): GgufValue | undefined => metadata.get(`${architecture}.${key}`);
  const heads = get("attention.head_count"), channels = get("embedding_length");
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
  const has = (name: string): boolean => tensors.has(name), gemma = architecture.startsWith("gemma");
  const embedding = tensors.get("token_embd.weight");
  const config = {
    layers: get("block_count"),
    heads,
    keyHeads: get("attention.head_count_kv") ?? heads,
    headWidth,
    channels,
    hidden: get("feed_forward_length"),
    seqLen: get("context_length"),
    vocabSize: embedding?.shape[0],
    gate: gemma ? "gelu" : "silu",
    attentionBias: !has("blk.0.attn_q.bias") ? "none" : has("blk.0.attn_output.bias") ? "all" : "qkv",
    mlpBias: has("blk.0.ffn_up.bias"),
    tie: !has("output.weight"),
    normEps: rounded(get("attention.layer_norm_rms_epsilon") ?? 1e-5),
    queryNorm: has("blk.0.attn_q_norm.weight"),
    gemma,
    attentionCap: get("attn_logit_softcapping") ?? 0,
    logitCap: get("final_logit_softcapping") ?? 0,
    // llama.cpp knows Gemma's pattern and local base by the architecture; files do not hold them.
    window: get("attention.sliding_window") ?? 0,
    globalEvery: architecture === "gemma2" ? 2 : architecture === "gemma3" ? 6 : 0,
    ropeBase: get("rope.freq_base") ?? 10_000,
    localRopeBase: architecture === "gemma3" ? 10_000 : 0,
    ...scalingOf(get, { has, refused }),
  };
  const fault = llamaFault(config);
  if (fault !== null) throw refused(fault);
  return withoutDefaults(llamaOptions, config as LlamaConfig);
}

function scalingOf(
  get: (key: string) => GgufValue | undefined,
  { has, refused }: { has(name: string): boolean; refused(why: string): Error },
): Partial<Record<keyof LlamaConfig, unknown>> {
  if (has("rope_freqs.weight")) {
    throw refused("it has rope_freqs.weight, factors of rotary frequencies, which are not supported");
  }
  const type = get("rope.scaling.type") ?? "none", factor = get("rope.scaling.factor");
  switch (type) {
    case "none":
      return {};
    case "linear":
      return { ropeScaling: "linear", ropeFactor: factor };
    case "yarn": {
      const length = get("rope.scaling.original_context_length");
      return { ropeScaling: "yarn", ropeFactor: factor, ropeLength: length, ropeHigh: 32 };
    }
    default:
      throw refused(`rope.scaling.type is ${excerpt(type)}, expected none, linear or yarn`);
  }
}

/** Returns the decimal number that a float32 stands for: 1e-5, not 0.000009999999747378752. */
function rounded(value: GgufValue): GgufValue {
  return typeof value === "number" ? Number(value.toPrecision(7)) : value;
}
