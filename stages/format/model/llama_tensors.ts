/**
 * The tensors of the Llama family in Hugging Face's files. The model has one matrix for queries, keys and
 * values, and one for gate and up; the files have one each, whose rows follow each other.
 *
 * @module
 */
import { type LlamaConfig, llamaOptions } from "../../../kernels/models/llama_options.ts";
import { withDefaults } from "../../../kernels/models/model_options.ts";
import { sizeOf, type TensorMap } from "../../../kernels/core/tensor.ts";
import type { NamedShape, WeightFile } from "./weight_file.ts";

/** Name of the token embedding [V, C]. */
export const EMBEDDING = "model.embed_tokens.weight";

/** Name of the output head [V, C] of a model that does not share the embedding's weights. */
export const HEAD = "lm_head.weight";

/** Yields every tensor of a model, in the order of its layers, with joined matrices. */
export function* llamaTensors(config: LlamaConfig): Generator<NamedShape> {
  const full = withDefaults(llamaOptions, config), { channels: c, headWidth, vocabSize } = full;
  const linear = function* (name: string, { out, into, bias }: LinearShape): Generator<NamedShape> {
    yield { name: `${name}.weight`, shape: [out, into] };
    if (bias) yield { name: `${name}.bias`, shape: [out] };
  };
  const norm = (name: string, size = c): NamedShape => ({ name: `${name}.weight`, shape: [size] });
  yield { name: EMBEDDING, shape: [vocabSize, c] };
  for (let i = 0; i < full.layers; i++) {
    const at = `model.layers.${i}`, mixed = full.heads * headWidth;
    const qkv = mixed + 2 * full.keyHeads * headWidth, { attentionBias } = full;
    yield norm(`${at}.input_layernorm`);
    yield* linear(`${at}.${QKV}`, { out: qkv, into: c, bias: attentionBias !== "none" });
    if (full.queryNorm) {
      yield norm(`${at}.self_attn.q_norm`, headWidth);
      yield norm(`${at}.self_attn.k_norm`, headWidth);
    }
    yield* linear(`${at}.self_attn.o_proj`, { out: c, into: mixed, bias: attentionBias === "all" });
    yield norm(`${at}.post_attention_layernorm`);
    if (full.gemma) yield norm(`${at}.pre_feedforward_layernorm`);
    yield* linear(`${at}.${GATE_UP}`, { out: 2 * full.hidden, into: c, bias: full.mlpBias });
    yield* linear(`${at}.mlp.down_proj`, { out: c, into: full.hidden, bias: full.mlpBias });
    if (full.gemma) yield norm(`${at}.post_feedforward_layernorm`);
  }
  yield norm("model.norm");
  if (!full.tie) yield { name: HEAD, shape: [vocabSize, c] };
}

/** Returns the tensors in files that a tensor of the model joins; itself, if it is not joined. */
export function partsOf({ name, shape }: NamedShape, config: LlamaConfig): readonly NamedShape[] {
  const found = Object.entries(joined(config)).find(([whole]) => name.includes(`.${whole}.`));
  if (found === undefined) return [{ name, shape }];
  const [whole, parts] = found;
  return parts.map((part) => ({
    name: name.replace(whole, part.name),
    shape: [part.rows, ...shape.slice(1)],
  }));
}

const QKV = "self_attn.qkv_proj", GATE_UP = "mlp.gate_up_proj";

/** Sizes of a linear layer. */
interface LinearShape {
  readonly out: number;
  readonly into: number;
  readonly bias: boolean;
}

/** A part of a joined tensor: its name in files, and its number of rows. */
interface Part {
  readonly name: string;
  readonly rows: number;
}

/** The parts of the joined tensors of each block, by the name of the joined layer. */
function joined(config: LlamaConfig): Readonly<Record<string, readonly Part[]>> {
  const { heads, keyHeads, headWidth, hidden } = withDefaults(llamaOptions, config);
  return {
    [QKV]: [
      { name: "self_attn.q_proj", rows: heads * headWidth },
      { name: "self_attn.k_proj", rows: keyHeads * headWidth },
      { name: "self_attn.v_proj", rows: keyHeads * headWidth },
    ],
    [GATE_UP]: [{ name: "mlp.gate_proj", rows: hidden }, { name: "mlp.up_proj", rows: hidden }],
  };
}

/**
 * Reads the parts of a model's tensors, given in order: a joined tensor is read once for all of its parts.
 * Throws RangeError for a name that the model does not have.
 */
export function llamaPartReader(
  file: Pick<WeightFile, "read">,
  config: LlamaConfig,
): (name: string) => Promise<Float32Array> {
  let whole = "", data = new Float32Array(0);
  const places = new Map<string, { readonly whole: string; readonly from: number; readonly to: number }>();
  for (const tensor of llamaTensors(config)) {
    let from = 0;
    for (const part of partsOf(tensor, config)) {
      const to = from + sizeOf(part.shape);
      places.set(part.name, { whole: tensor.name, from, to });
      from = to;
    }
  }
  return async (name) => {
    const place = places.get(name);
    if (place === undefined) throw new RangeError(`Cannot read ${name}: the model has no such tensor`);
    if (place.whole !== whole) [whole, data] = [place.whole, await file.read(place.whole)];
    return data.subarray(place.from, place.to);
  };
}

/** Returns the tensors of a file from those of a model, whether weights, gradients or optimizer state. */
export function splitLlamaTensors(weights: TensorMap, config: LlamaConfig): TensorMap {
  const tensors: Record<string, TensorMap[string]> = {};
  for (const [name, { shape, data }] of Object.entries(weights)) {
    let at = 0;
    for (const part of partsOf({ name, shape }, config)) {
      const size = sizeOf(part.shape);
      tensors[part.name] = { shape: part.shape, data: data.subarray(at, at + size) };
      at += size;
    }
  }
  return tensors;
}
