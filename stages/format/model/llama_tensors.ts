/**
 * The tensors of the Llama family in Hugging Face's files. The model has one matrix for queries, keys and
 * values, and one for gate and up; the files have one each, whose rows follow each other.
 *
 * @module
 */
import { type LlamaConfig, llamaOptions } from "../../../kernels/models/llama_options.ts";
import { withDefaults } from "../../../kernels/models/model_options.ts";
import { sizeOf, type TensorMap } from "../../../kernels/core/tensor.ts";

/** A part of a joined tensor: its name in files, and its number of rows. */
interface Part {
  readonly name: string;
  readonly rows: number;
}

/** The parts of the joined tensors of each block, by the name of the joined layer. */
function joined(config: LlamaConfig): Readonly<Record<string, readonly Part[]>> {
  const { heads, keyHeads, headWidth, hidden } = withDefaults(llamaOptions, config);
  return {
    "self_attn.qkv_proj": [
      { name: "self_attn.q_proj", rows: heads * headWidth },
      { name: "self_attn.k_proj", rows: keyHeads * headWidth },
      { name: "self_attn.v_proj", rows: keyHeads * headWidth },
    ],
    "mlp.gate_up_proj": [{ name: "mlp.gate_proj", rows: hidden }, { name: "mlp.up_proj", rows: hidden }],
  };
}

/**
 * Returns the weights of a model from the tensors of a file. Throws RangeError if a part of a joined tensor
 * is missing or has another number of rows.
 */
export function joinLlamaTensors(tensors: TensorMap, config: LlamaConfig): TensorMap {
  const parts = joined(config), left = new Map(Object.entries(tensors));
  const result: Record<string, TensorMap[string]> = {};
  for (let layer = 0; layer < config.layers; layer++) {
    for (const [whole, members] of Object.entries(parts)) {
      for (const kind of ["weight", "bias"]) {
        const names = members.map(({ name }) => `model.layers.${layer}.${name}.${kind}`);
        if (kind === "bias" && !names.some((name) => left.has(name))) continue;
        const found = names.map((name, i) => checked(left, { name, rows: members[i].rows }));
        result[`model.layers.${layer}.${whole}.${kind}`] = stacked(found);
        for (const name of names) left.delete(name);
      }
    }
  }
  return { ...Object.fromEntries(left), ...result };
}

/** Returns the tensors of a file from those of a model, whether weights, gradients or optimizer state. */
export function splitLlamaTensors(weights: TensorMap, config: LlamaConfig): TensorMap {
  const parts = joined(config), tensors: Record<string, TensorMap[string]> = {};
  for (const [name, tensor] of Object.entries(weights)) {
    const found = Object.entries(parts).find(([whole]) => name.includes(`.${whole}.`));
    if (found === undefined) {
      tensors[name] = tensor;
      continue;
    }
    const [whole, members] = found, width = sizeOf(tensor.shape.slice(1));
    let from = 0;
    for (const { name: part, rows } of members) {
      const data = tensor.data.subarray(from * width, (from + rows) * width);
      tensors[name.replace(whole, part)] = { shape: [rows, ...tensor.shape.slice(1)], data };
      from += rows;
    }
  }
  return tensors;
}

function checked(left: ReadonlyMap<string, TensorMap[string]>, { name, rows }: Part): TensorMap[string] {
  const tensor = left.get(name);
  if (tensor === undefined) throw new RangeError(`Cannot load the weights: ${name} is missing`);
  if (tensor.shape[0] === rows) return tensor;
  throw new RangeError(`Cannot load the weights: ${name} is [${tensor.shape}], expected ${rows} rows`);
}

function stacked(parts: readonly TensorMap[string][]): TensorMap[string] {
  const rows = parts.reduce((sum, { shape }) => sum + shape[0], 0), [, ...rest] = parts[0].shape;
  const data = new Float32Array(rows * sizeOf(rest));
  let at = 0;
  for (const part of parts) {
    data.set(part.data, at);
    at += part.data.length;
  }
  return { shape: [rows, ...rest], data };
}
