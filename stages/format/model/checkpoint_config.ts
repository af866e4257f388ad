/**
 * A model's options in a run's checkpoint: the configuration as JSON, under the names of the model's table.
 *
 * @module
 */
import { type GptConfig, gptFault, gptOptions, isGptConfig } from "../../../kernels/models/gpt_options.ts";
import { selectOptions } from "../../../kernels/models/model_options.ts";
import { excerpt } from "../text/excerpt.ts";

/**
 * The configuration of a checkpoint at `path`, without the options that only its run's memory had. Throws
 * Deno.errors.InvalidData for one that is not a GPT's, and for options that this version does not know, since the model
 * would compute something else without them.
 */
export function checkpointConfig(config: unknown, path: string): GptConfig {
  const wrong = (why: string) =>
    new Deno.errors.InvalidData(`Cannot read the model's configuration from ${path}: ${why}`);
  if (typeof config !== "object" || config === null) {
    throw wrong("it has none: is it a run's that trained a model?");
  }
  const values = { ...config };
  if (!isGptConfig(values)) throw wrong(gptFault({ ...config }) ?? "it is not a GPT's");
  const unknown = Object.keys(values).find((name) => !Object.hasOwn(gptOptions, name));
  if (unknown !== undefined) {
    throw wrong(`it has option ${excerpt(unknown)}, expected ${Object.keys(gptOptions).join(", ")}`);
  }
  const selected = selectOptions(gptOptions, values, (row) => row.affects !== "memory");
  if (isGptConfig(selected)) return selected;
  throw wrong("a size is missing");
}
