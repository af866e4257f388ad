/**
 * `--init-from`: weights to begin with, and the shape of the model they are of.
 *
 * @module
 */
import type { TensorMap } from "../../kernels/core/tensor.ts";
import { readLlmcModel } from "../../stages/format/llmc_model.ts";
import { readSafetensors } from "../../stages/format/safetensors.ts";
import { exists } from "./run_folder.ts";

/** A model's sizes, as a file tells them. */
export type ModelSizes = Readonly<{
  layers: number;
  heads: number;
  channels: number;
  seqLen: number;
  vocabSize: number;
}>;

/** Weights by published name, and their model's sizes. */
export type StartingWeights = Readonly<{ sizes: ModelSizes; weights: TensorMap }>;

/**
 * Reads an llm.c `.bin`, a Hugging Face folder (config.json, model.safetensors) or a checkpoint of a run. Throws
 * Deno.errors.NotFound where nothing stands at `path`, Deno.errors.InvalidData for what cannot be read.
 */
export async function startingWeights(path: string): Promise<StartingWeights> {
  if (!await exists(path)) {
    throw new Deno.errors.NotFound(
      `Cannot begin from ${path}: nothing is there: expected an llm.c .bin, a safetensors folder or a checkpoint`,
    );
  }
  if ((await Deno.stat(path)).isFile) {
    const { sizes, weights } = await readLlmcModel(path);
    return { sizes, weights };
  }
  const folder = await newest(path);
  const weights = await readSafetensors(`${folder}/model.safetensors`);
  return { sizes: await sizesOf(folder), weights };
}

/** A run's folder or its `checkpoints` stands for the newest checkpoint in it. */
async function newest(path: string): Promise<string> {
  const folder = path.replace(/(?<=.)\/+$/, "");
  for (const checkpoints of [`${folder}/checkpoints`, folder]) {
    if (!await exists(`${checkpoints}/latest`)) continue;
    const name = (await Deno.readTextFile(`${checkpoints}/latest`)).trim();
    if (!/^[\w.-]+$/.test(name)) break;
    return `${checkpoints}/${name}`;
  }
  if (await exists(`${folder}/model.safetensors`)) return folder;
  throw new Deno.errors.NotFound(
    `Cannot find a model in ${path}: expected model.safetensors, a checkpoint or a run's folder with one`,
  );
}

/** From Hugging Face's config.json in the folder, or the config.json of the run that a checkpoint belongs to. */
async function sizesOf(folder: string): Promise<ModelSizes> {
  for (const place of [`${folder}/config.json`, `${folder}/../../config.json`]) {
    if (!await exists(place)) continue;
    const config = JSON.parse(await Deno.readTextFile(place));
    const sizes = config.options === undefined
      ? {
        layers: config.n_layer,
        heads: config.n_head,
        channels: config.n_embd,
        seqLen: config.n_positions ?? config.n_ctx,
        vocabSize: config.vocab_size,
      }
      : config.model;
    if (Object.values(sizes ?? { none: 0 }).every((n) => Number.isSafeInteger(n) && Number(n) > 0)) {
      return sizes;
    }
    throw new Deno.errors.InvalidData(
      `Cannot tell the model's sizes from ${place}: expected whole numbers for layers, heads, channels, length and vocabulary`,
    );
  }
  throw new Deno.errors.NotFound(
    `Cannot tell the model's sizes: no config.json in ${folder} or its run's folder`,
  );
}
