/**
 * Builds a model of any architecture.
 *
 * @module
 */
import { gpt } from "./gpt.ts";
import { llama } from "./llama.ts";
import { nanochat } from "./nanochat.ts";
import type { Model } from "./model.ts";
import { isLlama, isNanochat, type ModelConfig } from "./model_config.ts";

/** Returns the model that a configuration describes. Throws RangeError for an option out of range. */
export function modelOf(config: ModelConfig): Model<ModelConfig> {
  if (isNanochat(config)) return nanochat(config);
  return isLlama(config) ? llama(config) : gpt(config);
}
