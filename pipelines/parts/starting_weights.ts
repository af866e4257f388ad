/**
 * Reads models of any supported format from disk, for `--init-from`, `--checkpoint` and `convert --from`.
 *
 * @module
 */
import { dirname } from "node:path";
import type { Activations } from "../../kernels/core/blocks/block_layout.ts";
import type { QuantizedWeights } from "../../kernels/core/scope.ts";
import type { TensorMap } from "../../kernels/core/tensor.ts";
import type { ModelConfig } from "../../kernels/models/model_config.ts";
import { fileInfo, openFile, readText } from "../../stages/disk/files.ts";
import { exists } from "../../stages/disk/whole_files.ts";
import { checkFiles } from "../../stages/flow/checkpoint/checkpoint.ts";
import { checkpointNames } from "../../stages/flow/checkpoint/checkpoint_names.ts";
import { checkpointConfig } from "../../stages/format/model/checkpoint_config.ts";
import {
  openCheckpointWeights,
  openHuggingFaceFolder,
} from "../../stages/format/model/hugging_face_folder.ts";
import { openLlmcModel } from "../../stages/format/model/llmc_model.ts";
import { isLlama2cFile, openLlama2cModel } from "../../stages/format/model/llama2c/llama2c_model.ts";
import { openPyTorchModel } from "../../stages/format/model/pytorch/pytorch_model.ts";
import { openGgufModel } from "../../stages/format/model/gguf/gguf_model.ts";
import { isGguf } from "../../stages/format/model/gguf/header.ts";
import { blockLayouts, readWeights } from "../../stages/format/model/weight_file.ts";
import type { TrainedAdapters } from "../../stages/train/train_state.ts";
import { adaptersOf, mergedFile, mergedWith } from "./model/adapted_model.ts";
import type { ModelFile } from "./model/model_file.ts";
import { hasAdapters, readAdapters } from "../../stages/format/model/peft/peft_folder.ts";
import { withoutEndSlash } from "../../stages/disk/paths.ts";
import { isS3 } from "../../stages/format/web/s3/s3_uri.ts";
import { copyPath } from "../../stages/run/store/inputs/local_copy.ts";
import { folderOfModel } from "../../stages/run/phases_file.ts";

/**
 * A model's options, its weights keyed by Hugging Face's tensor names and, if known, the number of updates
 * that trained it.
 */
export type StartingWeights = Readonly<{ config: ModelConfig; weights: TensorMap; step?: number }>;

/** Weights for inference, and the layouts of those that are quantised. */
export type InferenceWeights = StartingWeights & { readonly quantized: QuantizedWeights };

export type { ModelFile } from "./model/model_file.ts";

/** Reads a model with all its weights. Throws the same errors as `openModelFile`. */
export async function startingWeights(path: string): Promise<StartingWeights> {
  const file = await openModelFile(path);
  const { config, step } = file;
  return { config, weights: await readWeights(file), ...(step !== undefined && { step }) };
}

/**
 * Reads a model for inference: its quantised weights stay as the file has them, unless `weights` is "f32".
 * `activations` says how products take their activations. Throws the errors of `openModelFile`, and
 * RangeError for values other than the defaults where no weight is quantised.
 */
export async function inferenceWeights(
  path: string,
  { weights, activations }: { readonly weights: "stored" | "f32"; readonly activations: Activations },
): Promise<InferenceWeights> {
  const file = await openModelFile(path), { config, step } = file;
  const quantized = blockLayouts(file, activations),
    isDefault = weights === "stored" && activations === "f32";
  if (quantized.size === 0 && !isDefault) {
    file.close();
    const typed = weights === "f32" ? "--weights f32" : "--activations i8";
    throw new RangeError(
      `${typed} does nothing: no weight of ${path} is quantised in a format that has products: leave it out`,
    );
  }
  if (weights === "f32") quantized.clear();
  const read = await readWeights(file, { keepBlocks: weights === "stored" });
  return { config, weights: read, quantized, ...(step !== undefined && { step }) };
}

/**
 * Opens a model: a `.bin` file of llm.c or llama2.c, a GGUF file, a `.pt` file of nanoGPT or nanochat, a
 * Hugging Face folder, a checkpoint, or a run's folder, whose newest checkpoint is opened. For a run's file
 * `checkpoints/best` or `checkpoints/latest`, the checkpoint that the file names is opened. Throws
 * Deno.errors.NotFound if nothing is at `path`, Deno.errors.InvalidData for a file that cannot be read or
 * differs from what the run wrote.
 */
export async function openModelFile(path: string): Promise<ModelFile> {
  if (!await exists(path)) {
    throw new Deno.errors.NotFound(
      `Cannot read a model from ${path}: there is no such file or folder: give an llm.c .bin, a safetensors folder or a checkpoint`,
    );
  }
  const named = await namedCheckpoint(path);
  if (named !== null) return await openModelFile(named);
  if ((await fileInfo(path)).isFile) {
    if (await isGguf(path)) return { ...await openGgufModel(path), format: "GGUF" };
    if (path.endsWith(".safetensors")) {
      throw new Deno.errors.InvalidData(
        `Cannot read ${path}: the file does not contain the model's options: give its folder, with config.json in it`,
      );
    }
    if (await isPyTorch(path)) return { ...await openPyTorchModel(path), format: "PyTorch" };
    if (await isLlama2cFile(path)) return { ...await openLlama2cModel(path), format: "llama2.c" };
    return { ...await openLlmcModel(path), format: "llm.c" };
  }
  if (await hasAdapters(path)) return await peftModel(path);
  const folder = await modelFolder(path);
  const stream = `${folder}/stream.json`;
  if (!await exists(stream)) return { ...await openHuggingFaceFolder(folder), format: "Hugging Face" };
  if (await exists(`${folder}/manifest.json`)) await verifyFiles(folder);
  const { config, step, adapters } = await readStream(stream);
  if (adapters !== null) {
    const path = `${folder}/model.safetensors`;
    return await mergedFile(await openModelFile(adapters.base), { path, adapters, step });
  }
  const file = await openCheckpointWeights(`${folder}/model.safetensors`, { path: folder, config });
  return { ...file, format: "checkpoint", ...(step !== undefined && { step }) };
}

/**
 * Returns the options of the model that a run trains, from any of its checkpoints: all hold the same model,
 * and the newest may be damaged. Throws the errors of `openModelFile` if none can be read.
 */
export async function runModelConfig(out: string): Promise<ModelConfig> {
  const folder = `${out}/checkpoints`;
  for (const name of await checkpointNames(folder)) {
    const stream = await readStream(`${folder}/${name}/stream.json`).catch(() => null);
    if (stream !== null) return stream.config;
  }
  const file = await openModelFile(out);
  file.close();
  return file.config;
}

/** Opens the model that a folder of PEFT's adapters names, with the adapters merged into it. */
async function peftModel(folder: string): Promise<ModelFile> {
  const { base: named, lora, weights } = await readAdapters(folder);
  const base = named !== null && isS3(named) ? copyPath(named) : named; // was fetched with the adapters
  if (base !== null && await exists(base)) return mergedWith(await openModelFile(base), { lora, weights });
  throw new Deno.errors.NotFound(
    `Cannot find the model of the adapters in ${folder}: its adapter_config.json names ${
      base ?? "none"
    }: write the path of the model there, as base_model_name_or_path`,
  );
}

/** Returns the checkpoint that a run's file `best` or `latest` names, or null for any other path. */
async function namedCheckpoint(path: string): Promise<string | null> {
  if (!/(^|\/)(best|latest)$/.test(path) || !(await fileInfo(path)).isFile) return null;
  const name = (await readText(path)).trim();
  return /^[\w.-]+$/.test(name) ? `${dirname(path)}/${name}` : null;
}

/** Returns whether a file is a ZIP archive or a pickle, as PyTorch writes them. */
async function isPyTorch(path: string): Promise<boolean> {
  const first = new Uint8Array(2);
  using file = await openFile(path);
  await file.read(first);
  return first[0] === 0x50 && first[1] === 0x4B || first[0] === 0x80;
}

/**
 * Verifies the checksums of a checkpoint's files. The optimizer state is not verified: it is not read, and it
 * is twice as large as the weights. A checkpoint of another format version is refused as it is: the run's
 * other checkpoints have the same version.
 */
async function verifyFiles(folder: string): Promise<void> {
  try {
    await checkFiles(folder, ["model.safetensors", "stream.json"]);
  } catch (cause) {
    if (!(cause instanceof Error) || cause instanceof Deno.errors.NotSupported) throw cause;
    throw new Deno.errors.InvalidData(
      `Cannot use checkpoint ${folder}: ${cause.message}: give another of the run's checkpoints`,
      { cause },
    );
  }
}

/**
 * Returns the folder of the model's files: for a run's folder or its `checkpoints`, that of the newest
 * checkpoint.
 */
async function modelFolder(path: string): Promise<string> {
  const folder = await folderOfModel(withoutEndSlash(path));
  for (const checkpoints of [`${folder}/checkpoints`, folder]) {
    if (!await exists(`${checkpoints}/latest`)) continue;
    const name = (await readText(`${checkpoints}/latest`)).trim();
    if (!/^[\w.-]+$/.test(name)) break;
    return `${checkpoints}/${name}`;
  }
  for (const name of ["model.safetensors", "model.safetensors.index.json"]) {
    if (await exists(`${folder}/${name}`)) return folder;
  }
  const old = `${folder}/pytorch_model.bin`;
  if (await exists(old)) {
    throw new Deno.errors.InvalidData(
      `Cannot read ${old}: of PyTorch's files, those of nanoGPT and nanochat are read: in Python, ` +
        `AutoModelForCausalLM.from_pretrained("OLD").save_pretrained("NEW") writes the folder as safetensors`,
    );
  }
  throw new Deno.errors.NotFound(
    `Cannot find a model in ${path}: give a folder with model.safetensors, a checkpoint, or a run's folder with checkpoints`,
  );
}

/** Returns what a checkpoint's stream.json says: the model's options, the number of updates, the adapters. */
export async function readStream(path: string): Promise<{
  readonly config: ModelConfig;
  readonly step?: number;
  readonly adapters: TrainedAdapters | null;
}> {
  const { parts } = await readJson(path);
  const state = parts?.train?.state, step: unknown = state?.step;
  return {
    config: checkpointConfig(state?.config, path),
    adapters: adaptersOf(state),
    ...(typeof step === "number" && { step }),
  };
}

async function readJson(path: string): Promise<any> {
  try {
    return JSON.parse(await readText(path)) ?? {};
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new Deno.errors.InvalidData(`Cannot read ${path}: it is not JSON: ${cause.message}`, { cause });
  }
}
