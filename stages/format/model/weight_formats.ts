/**
 * Which of a model's options each weight format stores. An option that a format does not store must have its default, or
 * the format refuses the model, so that no file silently stands for another model than the one that was written.
 *
 * @module
 */
import { type GptConfig, gptOptions } from "../../../kernels/models/gpt_options.ts";
import { type OptionRow, withoutDefaults } from "../../../kernels/models/model_options.ts";
import { llmcOptions } from "./llmc_model.ts";

/** The formats that models are read from and written to. */
export type WeightFormat = "llm.c" | "Hugging Face" | "checkpoint";

/** Facts about a format. */
interface FormatFacts {
  /** The path that asks for it, as `convert --to` takes it. */
  readonly path: string;
  /** Whether a file of this format says the option's value. */
  stores(option: string, row: OptionRow): boolean;
}

/** What each format stores. */
export const weightFormats: Readonly<Record<WeightFormat, FormatFacts>> = {
  "checkpoint": { path: "checkpoints/step-NUMBER", stores: () => true },
  "Hugging Face": { path: "FOLDER", stores: (_option, row) => row.huggingFace !== undefined },
  "llm.c": { path: "NAME.bin", stores: (option) => llmcOptions.some((name) => name === option) },
};

/** A format cannot store the value of a model's option. */
export class UnsupportedOptionError extends RangeError {
  override readonly name = "UnsupportedOptionError";
  /** The option's name in the configuration. */
  readonly option: string;
  /** The format. */
  readonly format: WeightFormat;

  /** An error for one option of one format. */
  constructor(message: string, { option, format }: Pick<UnsupportedOptionError, "option" | "format">) {
    super(message);
    this.option = option;
    this.format = format;
  }
}

/** A configuration as a file keeps it. */
export interface StoredConfig {
  /** What a reader of the file gets. */
  readonly config: GptConfig;
  /** A sentence for each option whose value changes, although the model computes the same. */
  readonly changes: readonly string[];
}

/**
 * The configuration that a file of a format keeps. Throws UnsupportedOptionError, naming the option, where the file would
 * stand for a model that computes something else; `path` is the file's, for the message.
 */
export function storedConfig(
  config: GptConfig,
  { format, path }: { readonly format: WeightFormat; readonly path: string },
): StoredConfig {
  const lost = lostOptions(config, format), harmful = lost.find(({ row }) => !isHarmless(row));
  if (harmful !== undefined) {
    const { option, row, value } = harmful;
    const able = formatNames.filter((name) =>
      lostOptions(config, name).every((lost) => isHarmless(lost.row))
    );
    const instead = able.map((name) => `--to ${weightFormats[name].path} (${name})`).join(" or ");
    throw new UnsupportedOptionError(
      `Cannot write ${path}: in ${format} files ${option} is always ${row.value}, in this model it is ${value}: ` +
        `give ${instead}`,
      { option, format },
    );
  }
  const defaults = Object.fromEntries(lost.map(({ option, row }) => [option, row.value]));
  return {
    config: withoutDefaults(gptOptions, { ...config, ...defaults }),
    changes: lost.filter(({ row }) => row.affects !== "memory").map(({ option, row, value }) =>
      row.affects === "training"
        ? `${option} ${value} is not stored: it changes only training`
        : `${option} ${value} is stored as ${row.value} with zeros, which computes the same`
    ),
  };
}

const formatNames: readonly WeightFormat[] = ["Hugging Face", "checkpoint", "llm.c"];

/** An option without its default that a format does not store. */
interface LostOption {
  readonly option: string;
  readonly row: OptionRow;
  readonly value: unknown;
}

function lostOptions(config: Readonly<Record<string, unknown>>, format: WeightFormat): readonly LostOption[] {
  const rows: readonly (readonly [string, OptionRow])[] = Object.entries(gptOptions);
  return rows.map(([option, row]) => ({ option, row, value: config[option] ?? row.value }))
    .filter(({ option, row, value }) => value !== row.value && !weightFormats[format].stores(option, row));
}

/** Whether a model still computes the same after the option has been reset to its default. */
function isHarmless(row: OptionRow): boolean {
  return (row.affects ?? "output") !== "output" || row.kind === "flag" && row.zeros === true;
}
