/**
 * A model's options in a run's checkpoint: its configuration as JSON.
 *
 * @module
 */
import { architectureOf, type ModelConfig } from "../../../kernels/models/model_config.ts";
import { selectOptions } from "../../../kernels/models/model_options.ts";
import { invalidData } from "../invalid_data.ts";
import { excerpt } from "../text/excerpt.ts";

/**
 * Returns the configuration in a checkpoint at `path`, without options that affect only the memory of the run
 * that wrote it. Throws Deno.errors.InvalidData for a configuration that is not a model's, and for an option
 * that this version of the program does not know, because ignoring such an option could change what the model
 * computes.
 */
export function checkpointConfig(config: unknown, path: string): ModelConfig {
  const wrong = (why: string) => invalidData(`Cannot read the model's configuration from ${path}: ${why}`);
  if (typeof config !== "object" || config === null) {
    throw wrong("it is missing: give a checkpoint of a run that trains a model");
  }
  const values = { ...config }, { options, fault } = architectureOf(config), why = fault(values);
  if (why !== null) throw wrong(why);
  const unknown = Object.keys(values).find((name) => !Object.hasOwn(options, name));
  if (unknown !== undefined) {
    throw wrong(`option ${excerpt(unknown)} is not known, expected ${Object.keys(options).join(", ")}`);
  }
  return selectOptions(options, values as ModelConfig, (row) => row.affects !== "memory") as ModelConfig;
}
