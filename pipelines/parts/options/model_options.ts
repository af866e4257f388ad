/**
 * Command-line options for a model, made from the rows of the model's option table.
 *
 * @module
 */
import { gptOptions } from "../../../kernels/models/gpt_options.ts";
import { llamaOptions } from "../../../kernels/models/llama_options.ts";
import { nanochatOptions } from "../../../kernels/models/nanochat_options.ts";
import type { Architecture } from "../../../kernels/models/model_config.ts";
import type { OptionRow, OptionTable, OptionValue } from "../../../kernels/models/model_options.ts";
import { flag, integer, number, oneOf, path } from "../../cli/option_types.ts";
import type { Option, OptionRequirement, Options } from "../../cli/pipeline.ts";
import { adapterOptions } from "./adapter_options.ts";
import { above0, unlessOff } from "./requirements.ts";

/** Options, keyed by row name, without the rows that are not command-line options. */
type OptionsOf<T> = {
  readonly [K in keyof T as T[K] extends { readonly commandLine: false } ? never : K]: Option<
    OptionValue<T[K]>
  >;
};

function optionsOf<T extends OptionTable>(table: T): OptionsOf<T>;
function optionsOf(table: OptionTable): Options {
  return Object.fromEntries(
    Object.entries(table)
      .filter(([, row]) => row.commandLine !== false)
      .map(([name, row]) => [name, optionOf(row)]),
  );
}

function optionOf(row: OptionRow): Option<any> {
  const { about } = row;
  // The weights of a resumed run fit any value of an option that affects training only.
  const ofModel = { fixed: row.affects !== "training", group: "Model" };
  switch (row.kind) {
    case "size":
      return integer(about, { value: row.value, min: row.min, max: row.max, ...ofModel });
    case "number":
      return number(about, { value: row.value, min: row.min, max: row.max, ...ofModel });
    case "flag": // --help shows the option that changes the default, for example --no-bias
      return flag(row.value ? `no ${about}` : about, { value: row.value, ...ofModel });
    case "choice":
      return oneOf(about, { value: row.value, choices: row.choices, ...ofModel });
  }
}

/** Requires a model of one of these architectures. That of --init-from is checked when it is read. */
function ofArchitecture(...names: readonly Architecture["name"][]): OptionRequirement {
  return {
    option: "architecture",
    accepts: (value, { values }) =>
      names.some((name) => name === value) || typeof values.initFrom === "string",
    typed: `--architecture ${names.join(" or ")}`,
  };
}

/** Returns those options of a table whose names `other` does not have; each requires the architecture. */
function ownOptions<T extends OptionTable, U extends OptionTable>(
  table: T,
  { other, name }: { readonly other: U; readonly name: Architecture["name"] },
): Omit<OptionsOf<T>, keyof U>;
function ownOptions(
  table: OptionTable,
  { other, name }: { readonly other: OptionTable; readonly name: Architecture["name"] },
): Options {
  const own = Object.entries(optionsOf(table)).filter(([option]) => !Object.hasOwn(other, option));
  return Object.fromEntries(
    own.map(([option, declared]) => [option, { ...declared, requires: ofArchitecture(name) }]),
  );
}

/** Returns an option for a size of a Llama that follows from the others unless it is given. */
function derivedSize(option: "keyHeads" | "headWidth" | "hidden", otherwise: string): Option<number | null> {
  const { about, min, max } = llamaOptions[option];
  const requires = option === "keyHeads" ? ofArchitecture("llama", "nanochat") : ofArchitecture("llama");
  return integer(`${about}; default: ${otherwise}`, {
    value: null,
    min,
    max,
    fixed: true,
    group: "Model",
    requires,
  });
}

/** Requires that all weights are trained: with adapters they have the shapes of the file. */
const allWeights: OptionRequirement = {
  option: "lora",
  accepts: (rank) => Number(rank ?? 0) === 0,
  typed: "a command without --lora",
};

const hasWindow = above0("window", "--window N above 0");
const ofGpt = optionsOf(gptOptions);
const ofLlama = ownOptions(llamaOptions, { other: gptOptions, name: "llama" });

/** The model's options, and the weights that it starts from. */
export const modelOptions = {
  architecture: oneOf(
    "kind of model: gpt = GPT-2; llama = Llama, SmolLM, Qwen, Gemma, by their switches; nanochat = nanochat's",
    {
      value: "gpt",
      choices: ["gpt", "llama", "nanochat"],
      fixed: true,
      group: "Model",
    },
  ),
  ...ofGpt,
  vocabPad: { ...ofGpt.vocabPad, requires: allWeights },
  tie: { ...ofGpt.tie, requires: [ofArchitecture("gpt", "llama"), allWeights] },
  normEps: { ...ofGpt.normEps, requires: ofArchitecture("gpt", "llama") },
  ...ownOptions(gptOptions, { other: llamaOptions, name: "gpt" }),
  ...ofLlama,
  windowPattern: { ...optionsOf(nanochatOptions).windowPattern, requires: ofArchitecture("nanochat") },
  keyHeads: derivedSize("keyHeads", "as many as --heads"),
  headWidth: derivedSize("headWidth", "--channels / --heads"),
  hidden: derivedSize("hidden", "8/3 of --channels, rounded up to a multiple of 32"),
  globalEvery: { ...ofLlama.globalEvery, requires: [ofArchitecture("llama"), unlessOff(hasWindow, 0)] },
  localRopeBase: { ...ofLlama.localRopeBase, requires: [ofArchitecture("llama"), unlessOff(hasWindow, 0)] },
  initFrom: path(
    "start from the weights of a .bin of llm.c or llama2.c, a .gguf, a .pt, a safetensors folder or a checkpoint",
    {
      value: null,
      fixed: true,
      group: "Model",
      stored: "model",
    },
  ),
  ...adapterOptions,
};
