/**
 * New adapters for a model on disk: they are trained, and the model's weights stay as they are.
 *
 * @module
 */
import type { QuantizedWeights } from "../../../kernels/core/scope.ts";
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import { initialAdapters, withLora } from "../../../kernels/models/lora.ts";
import type { LoraConfig } from "../../../kernels/models/lora_config.ts";
import type { ModelConfig } from "../../../kernels/models/model_config.ts";
import { modelOf } from "../../../kernels/models/model_of.ts";
import type { TrainedAdapters } from "../../../stages/train/train_state.ts";
import type { Env, Values } from "../../cli/pipeline.ts";
import type { adapterOptions } from "../options/adapter_options.ts";
import { inferenceWeights, openModelFile } from "../starting_weights.ts";
import { hashOfWeights } from "./adapted_model.ts";

/** A model and the adapters that are trained for it. */
export interface AdaptedStart {
  readonly config: ModelConfig;
  /** Weights of the model, quantised as its file has them, and the adapters' initial values. */
  readonly weights: TensorMap;
  /** Layouts of weights that are quantised. */
  readonly quantized: QuantizedWeights;
  readonly adapters: TrainedAdapters;
}

/** Returns the adapters that the options describe; null if they ask for none. */
export function loraOf(o: Values<typeof adapterOptions>): LoraConfig | null {
  const { lora: rank, loraAlpha, loraRs, loraDropout, loraTargets } = o;
  if (rank === 0) return null;
  return {
    rank,
    alpha: loraAlpha ?? 2 * rank,
    rankStabilized: loraRs,
    ...(loraDropout > 0 && { dropout: loraDropout }),
    targets: loraTargets.length === 0 ? "all" : loraTargets,
  };
}

/**
 * Reads a model and draws new adapters for it. A resumed run needs the model, too: its checkpoints hold the
 * adapters alone. Throws RangeError for a target that no layer has, ShapeError for a model that has no layers
 * for adapters, and the errors of `openModelFile`.
 */
export async function withNewAdapters(
  path: string,
  { lora, env: { seed, dry } }: { readonly lora: LoraConfig; readonly env: Pick<Env, "seed" | "dry"> },
): Promise<AdaptedStart> {
  const read = await inferenceWeights(path, { weights: "stored", activations: "f32" });
  const { config, weights, quantized } = read, model = withLora(modelOf(config), lora);
  return {
    config,
    weights: { ...weights, ...initialAdapters(model, seed) },
    quantized,
    adapters: { lora, base: path, baseHash: dry ? "" : await hashAt(path) },
  };
}

async function hashAt(path: string): Promise<string> {
  const file = await openModelFile(path);
  try {
    return await hashOfWeights(file);
  } finally {
    file.close();
  }
}
