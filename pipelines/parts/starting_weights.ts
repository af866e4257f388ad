/**
 * Models on disk, whoever wrote them: what `--init-from`, `--checkpoint` and `convert --from` take.
 *
 * @module
 */
import { dirname } from "node:path";
import type { TensorMap } from "../../kernels/core/tensor.ts";
import { checkFiles } from "../../stages/flow/checkpoint/checkpoint.ts";
import { checkpointConfig } from "../../stages/format/model/checkpoint_config.ts";
import { openGpt2Folder, openGpt2Safetensors } from "../../stages/format/model/gpt2_safetensors.ts";
import { openLlmcModel } from "../../stages/format/model/llmc_model.ts";
import { readWeights, type WeightFile } from "../../stages/format/model/weight_file.ts";
import { exists } from "../../stages/disk/whole_files.ts";
import type { WeightFormat } from "../../stages/format/model/weight_formats.ts";
import type { GptConfig } from "../../kernels/models/gpt_options.ts";
import { fileInfo, openFile, readText } from "../../stages/disk/files.ts";

/**
 * A model's options, its weights by Hugging Face's names, and the number of updates that made them where it
 * is known.
 */
export type StartingWeights = Readonly<{ config: GptConfig; weights: TensorMap; step?: number }>;

/** An open model file. */
export type ModelFile = WeightFile & Readonly<{ format: WeightFormat; step?: number }>;

/** Reads all weights of a model. Throws as `openModelFile`. */
export async function startingWeights(path: string): Promise<StartingWeights> {
  const file = await openModelFile(path);
  const { config, step } = file;
  return { config, weights: await readWeights(file), ...(step !== undefined && { step }) };
}

/**
 * Opens an llm.c `.bin`, a Hugging Face folder (config.json, model.safetensors or shards of it), a checkpoint
 * of a run or a run's folder, for its newest; `checkpoints/best` and `checkpoints/latest` stand for the one
 * that they name. Throws Deno.errors.NotFound where nothing stands at `path`, Deno.errors.InvalidData for
 * what cannot be read or is not what the run wrote.
 */
export async function openModelFile(path: string): Promise<ModelFile> {
  if (!await exists(path)) {
    throw new Deno.errors.NotFound(
      `Cannot begin from ${path}: nothing is there: expected an llm.c .bin, a safetensors folder or a checkpoint`,
    );
  }
  const named = await pointedTo(path);
  if (named !== null) return await openModelFile(named);
  if ((await fileInfo(path)).isFile) {
    await refuseStrangers(path);
    return { ...await openLlmcModel(path), format: "llm.c" };
  }
  const folder = await newest(path);
  const stream = `${folder}/stream.json`;
  if (!await exists(stream)) return { ...await openGpt2Folder(folder), format: "Hugging Face" };
  if (await exists(`${folder}/manifest.json`)) await undamaged(folder);
  const { config, step } = await readStream(stream);
  const file = await openGpt2Safetensors([`${folder}/model.safetensors`], { path: folder, config });
  return { ...file, format: "checkpoint", ...(step !== undefined && { step }) };
}

/** The checkpoint that a run's file `best` or `latest` names; null for any other path. */
async function pointedTo(path: string): Promise<string | null> {
  if (!/(^|\/)(best|latest)$/.test(path) || !(await fileInfo(path)).isFile) return null;
  const name = (await readText(path)).trim();
  return /^[\w.-]+$/.test(name) ? `${dirname(path)}/${name}` : null;
}

/** Throws Deno.errors.InvalidData, saying what to do, for files that people have and that are not read. */
async function refuseStrangers(path: string): Promise<void> {
  const first = new Uint8Array(2);
  using file = await openFile(path);
  await file.read(first);
  const pickle = first[0] === 0x50 && first[1] === 0x4B || first[0] === 0x80; // a ZIP of torch's, or a bare pickle
  if (pickle) {
    throw new Deno.errors.InvalidData(
      `Cannot read ${path}: it is a Python pickle (nanoGPT's ckpt.pt, pytorch_model.bin), which can run any code when ` +
        `it is read: write it as safetensors with Python first, as the README's "From nanoGPT" shows`,
    );
  }
  if (path.endsWith(".safetensors")) {
    throw new Deno.errors.InvalidData(
      `Cannot read ${path}: the file does not say what model it is of: give its folder, with config.json in it`,
    );
  }
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
    const name = (await readText(`${checkpoints}/latest`)).trim();
    if (!/^[\w.-]+$/.test(name)) break;
    return `${checkpoints}/${name}`;
  }
  for (const name of ["model.safetensors", "model.safetensors.index.json"]) {
    if (await exists(`${folder}/${name}`)) return folder;
  }
  if (await exists(`${folder}/pytorch_model.bin`)) await refuseStrangers(`${folder}/pytorch_model.bin`);
  throw new Deno.errors.NotFound(
    `Cannot find a model in ${path}: expected model.safetensors, a checkpoint or a run's folder with one`,
  );
}

/** The model's options in a checkpoint's stream.json, and the number of updates made. */
async function readStream(path: string): Promise<{ readonly config: GptConfig; readonly step?: number }> {
  const { parts } = await readJson(path);
  const state = parts?.train?.state, step: unknown = state?.step;
  return { config: checkpointConfig(state?.config, path), ...(typeof step === "number" && { step }) };
}

async function readJson(path: string): Promise<any> {
  try {
    return JSON.parse(await readText(path)) ?? {};
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new Deno.errors.InvalidData(`Cannot read ${path}: it is not JSON: ${cause.message}`, { cause });
  }
}
