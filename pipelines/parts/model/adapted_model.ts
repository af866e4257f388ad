/**
 * Models with low-rank adapters on disk: checkpoints that hold adapters alone, and PEFT's folders. They are
 * read as the model that they belong to, with the adapters merged into its weights, one tensor at a time.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import { adapterNames, mergeLora, withLora } from "../../../kernels/models/lora.ts";
import type { LoraConfig } from "../../../kernels/models/lora_config.ts";
import { modelOf } from "../../../kernels/models/model_of.ts";
import { isRecord } from "../../../stages/disk/json.ts";
import { readSafetensors } from "../../../stages/format/model/safetensors.ts";
import type { TrainedAdapters } from "../../../stages/train/train_state.ts";
import type { ModelFile } from "./model_file.ts";

/** Adapters and the weights of their matrices. */
export interface AdapterWeights {
  /** The adapters. */
  readonly lora: LoraConfig;
  /** Weights by the names of `adapterNames`. */
  readonly weights: TensorMap;
}

/** Returns the adapters that a checkpoint's training part describes; null if it holds a whole model. */
export function adaptersOf(state: unknown): TrainedAdapters | null {
  const saved = isRecord(state) ? state.adapters : undefined;
  if (!isRecord(saved) || !isRecord(saved.lora)) return null;
  const { lora, base, baseHash } = saved, { rank, alpha, rankStabilized, dropout, targets } = lora;
  return {
    base: String(base),
    baseHash: String(baseHash),
    lora: {
      rank: Number(rank),
      alpha: Number(alpha),
      rankStabilized: rankStabilized === true,
      ...(typeof dropout === "number" && { dropout }),
      targets: Array.isArray(targets) ? targets.map(String) : "all",
    },
  };
}

/**
 * Returns a model with the adapters of a file merged into it. `verify` says whether to compare the model with
 * the one that the adapters were trained for. Throws RangeError if it is another one, or the adapters do not
 * fit.
 */
export async function mergedFile(
  base: ModelFile,
  { path, adapters, step }: {
    readonly path: string;
    readonly adapters: TrainedAdapters;
    readonly step: number | undefined;
  },
): Promise<ModelFile> {
  if (await hashOfWeights(base) !== adapters.baseHash) {
    base.close();
    throw new RangeError(
      `Cannot use the adapters of ${path}: ${adapters.base} is not the model that they were trained for: put that one back`,
    );
  }
  const weights = await readSafetensors(path);
  return { ...mergedWith(base, { lora: adapters.lora, weights }), ...(step !== undefined && { step }) };
}

/** Returns a model file whose tensors have the adapters added. */
export function mergedWith(base: ModelFile, { lora, weights }: AdapterWeights): ModelFile {
  const model = withLora(modelOf(base.config), lora), { blocks: _, ...plain } = base;
  return {
    ...plain,
    async read(name) {
      const data = await base.read(name), layers = model.layers.filter(({ weight }) => weight === name);
      if (layers.length === 0) return data;
      const needed = Object.fromEntries(
        layers.flatMap(adapterNames).flatMap((each) =>
          weights[each] === undefined ? [] : [[each, weights[each]]]
        ),
      );
      const own = { [name]: { shape: base.shapes.get(name)!, data } };
      const merged = mergeLora({ ...model, layers }, { ...own, ...needed })[name].data;
      return new Float32Array(merged);
    },
  };
}

/** Returns the SHA-256 of a model's weights: names, shapes and bytes as the file has them. */
export async function hashOfWeights(file: ModelFile): Promise<string> {
  const hash = createHash("sha256");
  for (const [name, shape] of file.shapes) {
    const data = file.blocks?.rows.has(name) ? await file.blocks.read(name) : await file.read(name);
    hash.update(`${name} ${shape}\n`).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest("hex");
}
