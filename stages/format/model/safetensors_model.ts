/**
 * Models in safetensors files, wherever their bytes are: the configuration in a config.json, and the weights
 * of each architecture.
 *
 * @module
 */
import { isLlama, isNanochat, type ModelConfig } from "../../../kernels/models/model_config.ts";
import { isRecord } from "../../disk/json.ts";
import { parseJson } from "../text/parse_json.ts";
import type { ByteSource } from "./byte_source.ts";
import { parseGpt2Config } from "./gpt2_config.ts";
import { openGpt2Safetensors } from "./gpt2_safetensors.ts";
import { fieldsOf } from "./json_fields.ts";
import { llamaTypes, parseLlamaConfig } from "./llama_config.ts";
import { openLlamaSafetensors } from "./llama_safetensors.ts";
import { isNanochatConfig, openNanochatSafetensors, parseNanochatConfig } from "./nanochat_format.ts";
import type { WeightFile } from "./weight_file.ts";

/**
 * Returns the configuration of the architecture that a config.json names; a text that is not JSON is GPT-2's.
 * Throws Deno.errors.InvalidData, naming `path`, if it is of no supported architecture.
 */
export function huggingFaceConfig(text: string, path: string): ModelConfig {
  let json: unknown = null;
  try {
    json = parseJson(text);
  } catch {
    return parseGpt2Config(text, path); // says what is wrong
  }
  if (isNanochatConfig(json)) return parseNanochatConfig(text, path);
  const isOfLlamaFamily = isRecord(json) && llamaTypes.some((type) => type === fieldsOf(json)("model_type"));
  return isOfLlamaFamily ? parseLlamaConfig(text, path) : parseGpt2Config(text, path);
}

/**
 * Opens the files that together contain a model; error messages call them `path`. `joined` says whether the
 * matrices of the Llama family are joined, as in checkpoints of runs. Closes the files and throws
 * Deno.errors.InvalidData if they are damaged or do not hold the model.
 */
export async function openModelTensors(
  files: readonly ByteSource[],
  { path, config, joined }: {
    readonly path: string;
    readonly config: ModelConfig;
    readonly joined: boolean;
  },
): Promise<WeightFile> {
  if (isNanochat(config)) return await openNanochatSafetensors(files, { path, config });
  return isLlama(config)
    ? await openLlamaSafetensors(files, { path, config, joined })
    : await openGpt2Safetensors(files, { path, config });
}
