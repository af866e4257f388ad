/**
 * nanoGPT's checkpoint `ckpt.pt`: `model`, a dictionary of weights, and `model_args`. Linear weights are
 * [out, in]; `torch.compile` puts `_orig_mod.` before the names. GELU is the exact one of PyTorch.
 * Source: karpathy/nanoGPT, train.py and model.py.
 *
 * @module
 */
import { type GptConfig, gptFault, gptOptions } from "../../../../kernels/models/gpt_options.ts";
import { withoutDefaults } from "../../../../kernels/models/model_options.ts";
import { excerpt } from "../../text/excerpt.ts";
import { EMBEDDING, gpt2Tensors, HEAD } from "../gpt2_tensors.ts";
import { transpose } from "../transpose.ts";
import type { WeightFile } from "../weight_file.ts";
import { type PyTorchFile, PyTorchTensor } from "./archive.ts";
import type { PickleValue } from "./pickle.ts";

/** Returns whether a file's value is a checkpoint of nanoGPT. */
export function isNanoGpt(value: PickleValue): value is ReadonlyMap<PickleValue, PickleValue> {
  return value instanceof Map && value.get("model") instanceof Map && value.get("model_args") instanceof Map;
}

/**
 * Returns the model of a checkpoint, whose file it closes with `close`. Throws Deno.errors.InvalidData for
 * options that no GPT has, and for tensors that are missing, unknown or of another shape.
 */
export async function nanoGptModel(file: PyTorchFile, path: string): Promise<WeightFile> {
  const { value, refused } = file;
  const part = (name: string): ReadonlyMap<PickleValue, PickleValue> => {
    const found = value instanceof Map ? value.get(name) : undefined;
    if (found instanceof Map) return found;
    throw refused(`it has no dictionary ${name}`);
  };
  const args = part("model_args"), tensors = new Map<string, PyTorchTensor>();
  for (const [key, tensor] of part("model")) {
    const name = String(key).replace(/^(_orig_mod\.|module\.)+/, "").replace(/^transformer\./, "");
    if (/\.attn\.(bias|masked_bias)$/.test(name)) continue; // the causal mask
    if (!(tensor instanceof PyTorchTensor)) throw refused(`${excerpt(String(key))} is no tensor`);
    if (tensors.has(name)) throw refused(`tensor ${excerpt(name)} occurs twice`);
    tensors.set(name, tensor);
  }
  const config = configOf(args, { tie: await isTied(tensors, file), refused });
  const left = new Set(tensors.keys());
  left.delete(HEAD);
  for (const { name, shape } of gpt2Tensors(config)) {
    const found = tensors.get(name)?.shape, wanted = isLinear(name) ? shape.toReversed() : shape;
    if (found === undefined) throw refused(`tensor ${name} is missing`);
    if (String(found) !== String(wanted)) {
      throw refused(`tensor ${name} has shape [${found}], expected [${wanted}]`);
    }
    left.delete(name);
  }
  const [unknown] = left;
  if (unknown !== undefined) throw refused(`tensor ${excerpt(unknown)} is not part of a GPT`);
  const shapes = new Map(Array.from(gpt2Tensors(config), ({ name, shape }) => [name, shape]));
  return {
    path,
    config,
    dtype: "f32",
    shapes,
    async read(name) {
      const tensor = tensors.get(name), shape = shapes.get(name);
      if (tensor === undefined || shape === undefined) {
        throw new RangeError(`Cannot read ${name}: ${path} has no such tensor`);
      }
      const values = await file.read(tensor);
      return isLinear(name) ? transpose(values, { rows: shape[1], columns: shape[0] }) : values;
    },
    close: file.close,
  };
}

function isLinear(name: string): boolean {
  return /\.c_\w+\.weight$/.test(name);
}

/**
 * Returns whether the head is the embedding: nanoGPT saves both names for one storage, others equal numbers.
 */
async function isTied(tensors: ReadonlyMap<string, PyTorchTensor>, file: PyTorchFile): Promise<boolean> {
  const [embedding, head] = [tensors.get(EMBEDDING), tensors.get(HEAD)];
  if (head === undefined || head.key === embedding?.key && head.offset === embedding.offset) return true;
  if (embedding === undefined || String(head.shape) !== String(embedding.shape)) return false;
  const [a, b] = [await file.read(embedding), await file.read(head)];
  return a.every((x, i) => x === b[i]);
}

function configOf(
  args: ReadonlyMap<PickleValue, PickleValue>,
  { tie, refused }: { readonly tie: boolean; refused(why: string): Error },
): GptConfig {
  const config = {
    layers: args.get("n_layer"),
    heads: args.get("n_head"),
    channels: args.get("n_embd"),
    seqLen: args.get("block_size"),
    vocabSize: args.get("vocab_size"),
    bias: args.get("bias") ?? true,
    gelu: "erf",
    tie,
  };
  const fault = gptFault(config);
  if (fault !== null) throw refused(`its model_args: ${fault}`);
  return withoutDefaults(gptOptions, config as GptConfig);
}
