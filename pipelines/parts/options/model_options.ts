/**
 * Command-line options for a model, made from the rows of the model's option table.
 *
 * @module
 */
import { gptOptions } from "../../../kernels/models/gpt_options.ts";
import type { OptionRow, OptionTable, OptionValue } from "../../../kernels/models/model_options.ts";
import { flag, integer, number, oneOf, path } from "../../cli/option_types.ts";
import type { Option, Options } from "../../cli/pipeline.ts";

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

/** The model's options, and the weights that it starts from. */
export const modelOptions = {
  ...optionsOf(gptOptions),
  initFrom: path("start from the weights of an llm.c .bin, a .gguf, a safetensors folder or a checkpoint", {
    value: null,
    fixed: true,
    group: "Model",
  }),
};
