/**
 * `--init-from`: weights to begin with, and the shape of the model they are of.
 *
 * @module
 */
import type { Gelu } from "../../kernels/models/layers.ts";
import type { TensorMap } from "../../kernels/core/tensor.ts";
import { readLlmcModel } from "../../stages/format/llmc_model.ts";
import { readSafetensors } from "../../stages/format/safetensors.ts";
import { checkFiles } from "../../stages/flow/checkpoint.ts";
import { exists } from "./run_folder.ts";

/** A model's sizes and forms, as a file tells them; what it does not say is as GPT-2 has it. */
export type ModelSizes = Readonly<{
  layers: number;
  heads: number;
  channels: number;
  seqLen: number;
  vocabSize: number;
  gelu?: Gelu;
  bias?: boolean;
  tie?: boolean;
}>;

/** Weights by published name, and their model's sizes. */
export type StartingWeights = Readonly<{ sizes: ModelSizes; weights: TensorMap }>;

/**
 * Reads an llm.c `.bin`, a Hugging Face folder (config.json, model.safetensors) or a checkpoint of a run. Throws
 * Deno.errors.NotFound where nothing stands at `path`, Deno.errors.InvalidData for what cannot be read or is not what
 * the run wrote.
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
  if (await exists(`${folder}/manifest.json`)) await undamaged(folder);
  const weights = await readSafetensors(`${folder}/model.safetensors`);
  const bias = Object.keys(weights).some((name) => name.endsWith("ln_f.bias"));
  return { sizes: { ...await sizesOf(folder), ...(!bias && { bias }) }, weights };
}

/** Only what is read of a checkpoint is checked: the optimizer's file is twice as large. */
async function undamaged(folder: string): Promise<void> {
  try {
    await checkFiles(folder, ["model.safetensors", "stream.json"]);
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    throw new Deno.errors.InvalidData(
      `Cannot use checkpoint ${folder}: ${cause.message}: give another of the run's checkpoints`,
      { cause },
    );
  }
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

/** From a checkpoint's stream.json, or Hugging Face's config.json. */
async function sizesOf(folder: string): Promise<ModelSizes> {
  const [stream, config] = [`${folder}/stream.json`, `${folder}/config.json`];
  if (await exists(stream)) {
    const { parts } = await readJson(stream);
    return checked(parts?.train?.state?.config, stream);
  }
  if (await exists(config)) {
    const { n_layer, n_head, n_embd, n_positions, n_ctx, vocab_size, ...more } = await readJson(config);
    const sizes = {
      layers: n_layer,
      heads: n_head,
      channels: n_embd,
      seqLen: n_positions ?? n_ctx,
      vocabSize: vocab_size,
      ...(more.activation_function === "gelu" && { gelu: "erf" as const }),
      ...(more.tie_word_embeddings === false && { tie: false }),
    };
    return checked(sizes, config);
  }
  throw new Deno.errors.NotFound(
    `Cannot tell the model's sizes: neither stream.json nor config.json is in ${folder}`,
  );
}

async function readJson(path: string): Promise<any> {
  try {
    return JSON.parse(await Deno.readTextFile(path)) ?? {};
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new Deno.errors.InvalidData(`Cannot read ${path}: it is not JSON: ${cause.message}`, { cause });
  }
}

function checked(sizes: unknown, place: string): ModelSizes {
  if (isSizes(sizes)) return sizes;
  throw new Deno.errors.InvalidData(
    `Cannot tell the model's sizes from ${place}: expected whole numbers for layers, heads, channels, length and vocabulary`,
  );
}

function isSizes(sizes: unknown): sizes is ModelSizes {
  if (typeof sizes !== "object" || sizes === null) return false;
  const values = new Map(Object.entries(sizes));
  return ["layers", "heads", "channels", "seqLen", "vocabSize"].every((name) => {
    const n: unknown = values.get(name);
    return typeof n === "number" && Number.isSafeInteger(n) && n > 0;
  });
}
