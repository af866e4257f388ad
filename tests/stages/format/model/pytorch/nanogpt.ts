/**
 * A small checkpoint of nanoGPT, and the same weights as the project has them.
 *
 * @module
 */
import type { GptConfig } from "../../../../../kernels/models/gpt_options.ts";
import type { TensorMap } from "../../../../../kernels/core/tensor.ts";
import { gpt2Tensors } from "../../../../../stages/format/model/gpt2_tensors.ts";
import { valuesOf } from "../gpt2_folder.ts";
import type { Saved, SavedTensor } from "./torch_save.ts";

/** Returns a checkpoint: the value that nanoGPT saves, its configuration, and the weights [in, out]. */
export function nanoGpt(
  { compiled = false, bias = true, type = "FloatStorage" }: {
    readonly compiled?: boolean;
    readonly bias?: boolean;
    readonly type?: string;
  } = {},
): { readonly value: Saved; readonly config: GptConfig; readonly weights: TensorMap } {
  const config: GptConfig = {
    layers: 2,
    heads: 2,
    channels: 4,
    seqLen: 6,
    vocabSize: 5,
    gelu: "erf",
    ...(!bias && { bias }),
  };
  const model: Record<string, SavedTensor> = {}, weights: Record<string, TensorMap[string]> = {};
  const prefix = compiled ? "_orig_mod." : "";
  [...gpt2Tensors(config)].forEach(({ name, shape }, i) => {
    const data = valuesOf({ name, shape }), [rows, columns] = shape, key = String(i);
    weights[name] = { shape, data };
    const isLinear = /c_\w+\.weight$/.test(name);
    const values = isLinear
      ? Array.from(data, (_, at) => data[at % rows * columns + Math.floor(at / rows)])
      : [...data];
    model[`${prefix}transformer.${name}`] = { shape: isLinear ? [columns, rows] : shape, values, key, type };
  });
  model[`${prefix}lm_head.weight`] = model[`${prefix}transformer.wte.weight`];
  const mask = { shape: [1, 1, 6, 6], values: Array.from({ length: 36 }, () => 1), key: "mask" };
  model[`${prefix}transformer.h.0.attn.bias`] = mask; // older versions save the causal mask
  const value = {
    model: { ...model },
    optimizer: { state: { step: 3 }, param_groups: [{ lr: 6e-4, betas: [0.9, 0.95] }] },
    model_args: { n_layer: 2, n_head: 2, n_embd: 4, block_size: 6, bias, vocab_size: 5, dropout: 0.1 },
    iter_num: 2000,
    best_val_loss: { shape: [], values: [1.5], key: "loss" },
    config: { dataset: "shakespeare_char", compile: compiled, device: "cpu", nothing: null },
  };
  return { value, config, weights };
}
