/**
 * Names and layouts of tensors in GGUF files, by those of Hugging Face, and the architectures that are read
 * and written. Source: llama.cpp's converter.
 *
 * @module
 */
import { isLlama, type ModelConfig } from "../../../../kernels/models/model_config.ts";
import { llamaOptions } from "../../../../kernels/models/llama_options.ts";
import { withDefaults } from "../../../../kernels/models/model_options.ts";
import { transpose } from "../transpose.ts";
import type { NamedShape } from "../weight_file.ts";

/** The values of `general.architecture` that are read and written. */
export const ggufArchitectures = ["llama", "qwen2", "qwen3", "gemma2", "gemma3", "smollm3", "gpt2"] as const;

/** An architecture's name. */
export type GgufArchitecture = typeof ggufArchitectures[number];

/** Name of the factors by which rotary frequencies are divided, as Llama 3.1 scales them. */
export const ROPE_FACTORS = "rope_freqs.weight";

/** Names of a layer's tensors in GGUF files, by their names in Hugging Face's. */
const llamaNames: Readonly<Record<string, string>> = {
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

const gemmaNorms: Readonly<Record<string, string>> = {
  "post_attention_layernorm": "post_attention_norm",
  "pre_feedforward_layernorm": "ffn_norm",
  "post_feedforward_layernorm": "post_ffw_norm",
};

const gpt2Names: Readonly<Record<string, string>> = {
  "ln_1": "attn_norm",
  "attn.c_attn": "attn_qkv",
  "attn.c_proj": "attn_output",
  "ln_2": "ffn_norm",
  "mlp.c_fc": "ffn_up",
  "mlp.c_proj": "ffn_down",
};

const outerNames: Readonly<Record<string, string>> = {
  "model.embed_tokens.weight": "token_embd.weight",
  "model.norm.weight": "output_norm.weight",
  "lm_head.weight": "output.weight",
  "wte.weight": "token_embd.weight",
  "wpe.weight": "position_embd.weight",
  "ln_f.weight": "output_norm.weight",
  "ln_f.bias": "output_norm.bias",
};

/** Returns the name of a tensor in GGUF files. */
export function ggufName(name: string, config: ModelConfig): string {
  if (Object.hasOwn(outerNames, name)) return outerNames[name];
  const [, layer, place, kind] = /^(?:model\.layers|h)\.(\d+)\.(.+)\.(weight|bias)$/.exec(name) ?? [];
  const own = !isLlama(config)
    ? gpt2Names[place]
    : llamaNames[place] ?? (config.gemma ? gemmaNorms[place] : "ffn_norm");
  return `blk.${layer}.${own ?? place}.${kind}`;
}

/** Returns the shape of a tensor in GGUF files: those of GPT-2's linear layers are transposed. */
export function ggufShape({ name, shape }: NamedShape): NamedShape["shape"] {
  return isTransposed(name) ? shape.toReversed() : shape;
}

/** A tensor, its model, and the architecture of the file. */
export interface PlacedTensor extends NamedShape {
  readonly config: ModelConfig;
  readonly architecture: GgufArchitecture;
}

/**
 * Does what llama.cpp's converter does to a tensor. For `llama` it orders the rows of queries and keys so
 * that pairs of rotary positions are neighbours; for Gemma it adds 1 to the weights of norms.
 */
export function asInGguf(
  data: Float32Array<ArrayBuffer>,
  { name, shape, config, architecture }: PlacedTensor,
): Float32Array<ArrayBuffer> {
  if (isTransposed(name)) return transpose(data, { rows: shape[0], columns: shape[1] });
  if (isShifted(name, config)) return data.map((x) => x + 1);
  if (!hasPairs(name, architecture) || !isLlama(config)) return data;
  const { headWidth } = withDefaults(llamaOptions, config), half = headWidth / 2;
  const rows = reordered(bytesOf(data), shape, (row) => {
    const inHead = row % headWidth;
    return row - inHead + Math.floor(inHead / 2) + inHead % 2 * half;
  });
  return new Float32Array(rows.buffer);
}

/** Undoes `asInGguf`. */
export function asInHuggingFace(
  data: Float32Array<ArrayBuffer>,
  { name, shape, config, architecture }: PlacedTensor,
): Float32Array<ArrayBuffer> {
  if (isTransposed(name)) return transpose(data, { rows: shape[1], columns: shape[0] });
  if (isShifted(name, config)) return data.map((x) => x - 1);
  if (!hasPairs(name, architecture)) return data;
  return new Float32Array(rowsInHuggingFace(bytesOf(data), { name, shape, config, architecture }).buffer);
}

/** Returns the rows of a matrix, given as bytes of any type, in the order of Hugging Face. */
export function rowsInHuggingFace(
  bytes: Uint8Array<ArrayBuffer>,
  { name, shape, config, architecture }: PlacedTensor,
): Uint8Array<ArrayBuffer> {
  if (!hasPairs(name, architecture) || !isLlama(config)) return bytes;
  const { headWidth } = withDefaults(llamaOptions, config), half = headWidth / 2;
  return reordered(bytes, shape, (row) => {
    const inHead = row % headWidth;
    return row - inHead + 2 * (inHead % half) + Math.floor(inHead / half);
  });
}

function bytesOf(data: Float32Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function isTransposed(name: string): boolean {
  return /^h\..*\.c_\w+\.weight$/.test(name);
}

function isShifted(name: string, config: ModelConfig): boolean {
  return isLlama(config) && config.gemma === true && /norm\.weight$/.test(name);
}

function hasPairs(name: string, architecture: GgufArchitecture): boolean {
  return (architecture === "llama" || architecture === "smollm3") && /\.(q_proj|k_proj)\./.test(name);
}

/** Returns the rows of a tensor in another order: row `i` is row `from(i)` of `bytes`. */
function reordered(
  bytes: Uint8Array<ArrayBuffer>,
  [rows]: NamedShape["shape"],
  from: (row: number) => number,
): Uint8Array<ArrayBuffer> {
  const size = bytes.length / rows, out = new Uint8Array(bytes.length);
  for (let row = 0; row < rows; row++) {
    const at = from(row) * size;
    out.set(bytes.subarray(at, at + size), row * size);
  }
  return out;
}
