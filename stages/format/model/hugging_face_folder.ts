/**
 * Models in safetensors files: a folder as Hugging Face publishes it, with one file or with shards, and the
 * file of a checkpoint. `model_type` in config.json says which architecture it is.
 *
 * @module
 */
import { isLlama, isNanochat, type ModelConfig } from "../../../kernels/models/model_config.ts";
import { isRecord } from "../../disk/json.ts";
import { exists } from "../../disk/whole_files.ts";
import { excerpt } from "../text/excerpt.ts";
import { parseJson } from "../text/parse_json.ts";
import { parseGpt2Config } from "./gpt2_config.ts";
import { openGpt2Safetensors } from "./gpt2_safetensors.ts";
import { llamaTypes, parseLlamaConfig } from "./llama_config.ts";
import { fieldsOf } from "./json_fields.ts";
import { readJsonText } from "./json_text.ts";
import { openLlamaSafetensors } from "./llama_safetensors.ts";
import { isNanochatConfig, openNanochatSafetensors, parseNanochatConfig } from "./nanochat_format.ts";
import type { WeightFile } from "./weight_file.ts";

const INDEX = "model.safetensors.index.json";
const MAX_SHARDS = 1000;

/**
 * Opens a folder with config.json and model.safetensors, or with shards and their index. Throws
 * Deno.errors.NotFound if a file is missing, and Deno.errors.InvalidData if files are damaged, contradict
 * each other or are of no supported architecture.
 */
export async function openHuggingFaceFolder(folder: string): Promise<WeightFile> {
  const configPath = `${folder}/config.json`, text = await readSmallText(configPath);
  const config = configOf(text, configPath);
  const index = `${folder}/${INDEX}`;
  const names = await exists(index) ? shardsOf(await readSmallText(index), index) : ["model.safetensors"];
  const paths = names.map((name) => `${folder}/${name}`);
  if (isNanochat(config)) return await openNanochatSafetensors(paths, { path: folder, config });
  return isLlama(config)
    ? await openLlamaSafetensors(paths, { path: folder, config, joined: false })
    : await openGpt2Safetensors(paths, { path: folder, config });
}

/** Opens the weights of a checkpoint; error messages call them `path`. Throws as `openHuggingFaceFolder`. */
export function openCheckpointWeights(
  file: string,
  { path, config }: { readonly path: string; readonly config: ModelConfig },
): Promise<WeightFile> {
  if (isNanochat(config)) return openNanochatSafetensors([file], { path, config });
  return isLlama(config)
    ? openLlamaSafetensors([file], { path, config, joined: true })
    : openGpt2Safetensors([file], { path, config });
}

/**
 * Returns the configuration of the architecture that a config.json names; a text that is not JSON is GPT-2's.
 */
function configOf(text: string, path: string): ModelConfig {
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

/** Returns the file names in an index, without duplicates. */
function shardsOf(text: string, path: string): readonly string[] {
  const index = parsed(text, path);
  const map = isRecord(index) ? index.weight_map : null;
  if (!isRecord(map)) {
    throw refused(path, "it has no weight_map");
  }
  const names = new Set<string>();
  for (const name of Object.values(map)) {
    if (typeof name !== "string" || !/^[\w-][\w.-]*\.safetensors$/.test(name)) {
      throw refused(
        path,
        `its weight_map names ${excerpt(name)}, expected a safetensors file in the same folder`,
      );
    }
    names.add(name);
  }
  if (names.size === 0 || names.size > MAX_SHARDS) {
    throw refused(path, `its weight_map names ${names.size} files, expected 1 to ${MAX_SHARDS}`);
  }
  return [...names].sort();
}

function parsed(text: string, path: string): unknown {
  try {
    return parseJson(text);
  } catch (cause) {
    throw refused(path, "it is not JSON", cause);
  }
}

async function readSmallText(path: string): Promise<string> {
  return await readJsonText(path).catch((cause) => {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new Deno.errors.NotFound(
      `Cannot read ${path}: it is missing: give a Hugging Face folder, with config.json and model.safetensors`,
      { cause },
    );
  });
}

function refused(path: string, why: string, cause?: unknown): Error {
  return new Deno.errors.InvalidData(`Cannot read ${path}: ${why}`, { cause });
}
