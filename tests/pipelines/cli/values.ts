/**
 * Parses a command line into the option values that a pipeline gets, without starting the program.
 *
 * @module
 */
import { readCommandLine } from "../../../pipelines/cli/command_line.ts";
import { modelOptions } from "../../../pipelines/parts/options/model_options.ts";
import { monitoringOptions } from "../../../pipelines/parts/options/monitoring_options.ts";
import { tokenizerOptions } from "../../../pipelines/parts/options/tokenizer_options.ts";
import { trainingOptions } from "../../../pipelines/parts/options/training_options.ts";
import { runOptions } from "../../../pipelines/cli/run_options.ts";
import { trainingPresets } from "../../../pipelines/parts/options/presets.ts";
import type { Values } from "../../../pipelines/cli/pipeline.ts";
import { resolve } from "../../../pipelines/cli/resolve.ts";

const options = {
  ...tokenizerOptions,
  ...modelOptions,
  ...trainingOptions,
  ...monitoringOptions,
  ...runOptions,
};

/** Values of the training and tokenizer options. */
export type TestValues = Values<typeof options>;

/** Returns the option values of `args` on a machine without a GPU. */
export function valuesOf(...args: string[]): TestValues {
  const { values } = resolve({ options, presets: trainingPresets }, {
    commandLine: readCommandLine(args, options),
    config: new Map(),
    saved: null,
    machine: { device: "cpu" },
  });
  if (!complete(values)) throw new Error("An option has no value");
  return values;
}

function complete(values: Readonly<Record<string, unknown>>): values is TestValues {
  return Object.keys(options).every((name) => name in values);
}
