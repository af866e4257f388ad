/**
 * Configurations of models of any architecture, as checkpoints store them.
 *
 * @module
 */
import { type GptConfig, gptFault, gptOptions } from "./gpt_options.ts";
import { type LlamaConfig, llamaFault, llamaOptions } from "./llama_options.ts";
import type { OptionTable } from "./model_options.ts";
import { type NanochatConfig, nanochatFault, nanochatOptions } from "./nanochat_options.ts";

/** Configuration of a model of any architecture. */
export type ModelConfig = GptConfig | LlamaConfig | NanochatConfig;

/** What is known of an architecture without building a model. */
export interface Architecture {
  /** Name of the architecture, as in `Model.name`. */
  readonly name: "gpt" | "llama" | "nanochat";
  /** Its options. */
  readonly options: OptionTable;
  /** Describes what is wrong with a configuration, and what is expected; null if it is valid. */
  fault(config: Readonly<Record<string, unknown>>): string | null;
}

/** The architectures by name. */
export const architectures: Readonly<Record<Architecture["name"], Architecture>> = {
  gpt: { name: "gpt", options: gptOptions, fault: gptFault },
  llama: { name: "llama", options: llamaOptions, fault: llamaFault },
  nanochat: { name: "nanochat", options: nanochatOptions, fault: nanochatFault },
};

/** Returns whether a configuration is one of `llama`, which has a number of heads of keys. */
export function isLlama(config: object): config is LlamaConfig {
  return "keyHeads" in config && !isNanochat(config);
}

/** Returns whether a configuration is one of `nanochat`, which alone has a pattern of windows. */
export function isNanochat(config: object): config is NanochatConfig {
  return "windowPattern" in config;
}

/** Returns the architecture of a configuration, whether it is valid or not. */
export function architectureOf(config: object): Architecture {
  if (isNanochat(config)) return architectures.nanochat;
  return isLlama(config) ? architectures.llama : architectures.gpt;
}
