/**
 * Builds a model of any architecture.
 *
 * @module
 */
import { gpt } from "./gpt.ts";
import { llama } from "./llama.ts";
import type { Model } from "./model.ts";
import { isLlama, type ModelConfig } from "./model_config.ts";

/** Returns the model that a configuration describes. Throws RangeError for an option out of range. */
export function modelOf(config: ModelConfig): Model<ModelConfig> {
  return isLlama(config) ? llama(config) : gpt(config);
}
