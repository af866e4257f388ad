/**
 * Folders of low-rank adapters as PEFT saves them: `adapter_config.json` and `adapter_model.safetensors`.
 *
 * @module
 */
import { sizeOf, type TensorMap } from "../../../../kernels/core/tensor.ts";
import type { LoraConfig } from "../../../../kernels/models/lora_config.ts";
import { disk } from "../../../disk/disk.ts";
import { makeFolder } from "../../../disk/files.ts";
import { syncFolder } from "../../../disk/folder_sync.ts";
import { exists, removeIfThere, writeSynced } from "../../../disk/whole_files.ts";
import { readJsonText } from "../json_text.ts";
import { readSafetensors, writeSafetensors } from "../safetensors.ts";
import { parsePeftConfig, type PeftConfig, peftConfigText } from "./peft_config.ts";

/** Name of the file with the options. */
export const ADAPTER_CONFIG = "adapter_config.json";
const ADAPTER_MODEL = "adapter_model.safetensors";

/** PEFT's wrapper around the model; the layers of GPT-2 and nanochat are inside `transformer`. */
const PREFIX = /^base_model\.model\.(transformer\.)?/;

/** Adapters and their weights. */
export interface Adapters extends PeftConfig {
  /** Weights by the names of `adapterNames`, as float32. */
  readonly weights: TensorMap;
}

/** Returns whether a folder holds adapters. */
export async function hasAdapters(folder: string): Promise<boolean> {
  return await exists(`${folder}/${ADAPTER_CONFIG}`);
}

/**
 * Reads a folder of adapters. Throws Deno.errors.InvalidData for options that are not supported and for
 * tensors that are no adapters or do not have the rank.
 */
export async function readAdapters(folder: string): Promise<Adapters> {
  const path = `${folder}/${ADAPTER_CONFIG}`, config = parsePeftConfig(await readJsonText(path), path);
  const file = `${folder}/${ADAPTER_MODEL}`, weights: Record<string, TensorMap[string]> = {};
  for (const [name, tensor] of Object.entries(await readSafetensors(file))) {
    const own = name.replace(PREFIX, ""), [, which] = /\.lora_([AB])\.weight$/.exec(own) ?? [];
    const { rank } = config.lora, { shape } = tensor;
    if (which === undefined || shape.length !== 2 || shape[which === "A" ? 0 : 1] !== rank) {
      throw new Deno.errors.InvalidData(
        `Cannot read adapters from ${file}: tensor ${name} is [${shape}], expected lora_A.weight [${rank}, in] and lora_B.weight [out, ${rank}]`,
      );
    }
    weights[own] = tensor;
  }
  return { ...config, weights };
}

/**
 * Writes a folder of adapters, whole or not at all. Throws RangeError if something exists at `folder`, and
 * file system errors.
 */
export async function writeAdapters(
  folder: string,
  { lora, weights, base, isTransposed, inTransformer }: {
    readonly lora: LoraConfig;
    /** Weights by the names of `adapterNames`. */
    readonly weights: TensorMap;
    readonly base: string | null;
    /** Whether the model's weights are [in, out], as those of GPT-2. */
    readonly isTransposed: boolean;
    /** Whether the model's layers are inside `transformer`, as those of GPT-2 and nanochat. */
    readonly inTransformer: boolean;
  },
): Promise<void> {
  if (await exists(folder)) {
    throw new RangeError(
      `Cannot write ${folder}: something exists there: give another path, or move it away`,
    );
  }
  const unfinished = `${folder}.writing`, prefix = `base_model.model.${inTransformer ? "transformer." : ""}`;
  const tensors = Object.fromEntries(
    Object.entries(weights).filter(([, { shape }]) => sizeOf(shape) > 0).map((
      [name, tensor],
    ) => [`${prefix}${name}`, tensor]),
  );
  const targets = new Set(Object.keys(weights).map((name) => name.split(".").at(-3)!));
  await removeIfThere(unfinished);
  await makeFolder(unfinished);
  await writeSafetensors(`${unfinished}/${ADAPTER_MODEL}`, tensors, { format: "pt" });
  const text = peftConfigText(lora, { targets: [...targets], base, isTransposed });
  await writeSynced(`${unfinished}/${ADAPTER_CONFIG}`, text);
  await syncFolder(unfinished);
  await disk.rename(unfinished, folder);
}
