/**
 * Models in safetensors files: a folder as Hugging Face publishes it, with one file or with shards, and the
 * file of a checkpoint. `model_type` in config.json says which architecture it is.
 *
 * @module
 */
import type { ModelConfig } from "../../../kernels/models/model_config.ts";
import { isRecord } from "../../disk/json.ts";
import { exists } from "../../disk/whole_files.ts";
import { excerpt } from "../text/excerpt.ts";
import { parseJson } from "../text/parse_json.ts";
import { readJsonText } from "./json_text.ts";
import { fileBytes, filesBytes } from "./safetensors.ts";
import { huggingFaceConfig, openModelTensors } from "./safetensors_model.ts";
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
  const config = huggingFaceConfig(text, configPath);
  const index = `${folder}/${INDEX}`;
  const names = await exists(index) ? shardsOf(await readSmallText(index), index) : ["model.safetensors"];
  const files = await filesBytes(names.map((name) => `${folder}/${name}`));
  return await openModelTensors(files, { path: folder, config, joined: false });
}

/** Opens the weights of a checkpoint; error messages call them `path`. Throws as `openHuggingFaceFolder`. */
export async function openCheckpointWeights(
  file: string,
  { path, config }: { readonly path: string; readonly config: ModelConfig },
): Promise<WeightFile> {
  return await openModelTensors([await fileBytes(file)], { path, config, joined: true });
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
