/**
 * The values of a phase's options, as its command line gives them to a new run.
 *
 * @module
 */
import { readCommandLine } from "../command_line.ts";
import { machineFor } from "../machine.ts";
import type { Options, Phase, Pipeline, Values } from "../pipeline.ts";
import { resolve } from "../resolve.ts";
import { runOptions } from "../run_options.ts";

/** Returns the values. Throws UsageError for a word that is wrong. */
export async function phaseValues<O extends Options>(
  pipeline: Pipeline<O>,
  { args, defaults = [] }: Pick<Phase, "args" | "defaults">,
): Promise<Values<O>> {
  const options: Options = { ...runOptions, ...pipeline.options };
  const commandLine = readCommandLine(args, options);
  const config = readCommandLine(defaults, options), device = String(commandLine.get("device") ?? "auto");
  const machine = pipeline.presets === undefined ? { device: "cpu" as const } : await machineFor(device);
  const layers = { commandLine, config, saved: null, machine };
  return resolve({ options, presets: pipeline.presets }, layers).values as Values<O>;
}
