/**
 * Which of a model's options each weight format stores. If a format does not store an option, a model whose
 * value differs from the default cannot be written in that format (unless the model computes the same with
 * the default), because readers would silently take the file for another model.
 *
 * @module
 */
import {
  architectureOf,
  isLlama,
  isNanochat,
  type ModelConfig,
} from "../../../kernels/models/model_config.ts";
import { type OptionRow, withoutDefaults } from "../../../kernels/models/model_options.ts";
import type { LlamaConfig } from "../../../kernels/models/llama_options.ts";
import { shortestOfSingle } from "./gguf/float_text.ts";
import { ggufDescription } from "./gguf/config_fields.ts";
import { llmcOptions } from "./llmc_layout.ts";

/** A format in which models are read and written. */
export type WeightFormat = "llm.c" | "Hugging Face" | "checkpoint" | "GGUF";

/** Properties of a format. */
interface FormatInfo {
  /** The form of path that selects the format in `convert --to`. */
  readonly path: string;
  /** Returns whether a file of this format contains the option's value. */
  stores(option: string, row: OptionRow): boolean;
  /** Whether the format holds models of the Llama family, with all their options. */
  readonly holdsLlama: boolean;
}

/** Each format's path and stored options. */
export const weightFormats: Readonly<Record<WeightFormat, FormatInfo>> = {
  "checkpoint": { path: "checkpoints/step-NUMBER", stores: () => true, holdsLlama: true },
  "Hugging Face": {
    path: "FOLDER",
    stores: (_option, row) => row.huggingFace !== undefined,
    holdsLlama: true,
  },
  "llm.c": {
    path: "NAME.bin",
    stores: (option) => llmcOptions.some((name) => name === option),
    holdsLlama: false,
  },
  "GGUF": {
    path: "NAME.gguf",
    stores: (option, row) =>
      row.kind === "size" && row.required === true || option === "tie" || option === "normEps",
    holdsLlama: true,
  },
};

/** Thrown if a format cannot store the value of a model's option. */
export class UnsupportedOptionError extends RangeError {
  override readonly name = "UnsupportedOptionError";
  /** The option's name in the model's table. */
  readonly option: string;
  /** The format that cannot store the option. */
  readonly format: WeightFormat;

  /** An error for an option and a format. */
  constructor(message: string, { option, format }: Pick<UnsupportedOptionError, "option" | "format">) {
    super(message);
    this.option = option;
    this.format = format;
  }
}

/** A configuration as a file stores it. */
export interface StoredConfig {
  /** The options that a reader of the file gets. */
  readonly config: ModelConfig;
  /**
   * A sentence for each option whose value is not stored, although the model computes the same without it.
   */
  readonly changes: readonly string[];
}

/**
 * Returns the configuration that a file of a format stores. Throws UnsupportedOptionError for the first
 * option whose loss would change what the model computes; `path` is the path of the file, for the error
 * message.
 */
export function storedConfig(
  config: ModelConfig,
  { format, path }: { readonly format: WeightFormat; readonly path: string },
): StoredConfig {
  if (isNanochat(config)) {
    if (format === "checkpoint" || format === "Hugging Face") return { config, changes: [] };
    throw new UnsupportedOptionError(
      `Cannot write ${path}: ${format} files have no place for nanochat's model: give --to FOLDER (nanochat's names ` +
        `as safetensors) or --to checkpoints/step-NUMBER (checkpoint)`,
      { option: "windowPattern", format },
    );
  }
  if (isLlama(config)) {
    if (format === "GGUF") return ggufConfig(config, path);
    if (weightFormats[format].holdsLlama) return { config, changes: [] };
    const able = formatNames.filter((name) => weightFormats[name].holdsLlama)
      .map((name) => `--to ${weightFormats[name].path} (${name})`);
    throw new UnsupportedOptionError(
      `Cannot write ${path}: ${format} files hold GPT-2 only, and this model is a llama: give ${
        able.join(" or ")
      }`,
      { option: "keyHeads", format },
    );
  }
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
  const { normEps } = config, single = shortestOfSingle(Math.fround(normEps ?? 0));
  const rounds = format === "GGUF" && normEps !== undefined && single !== normEps;
  return {
    config: withoutDefaults(architectureOf(config).options, {
      ...config,
      ...defaults,
      ...(rounds && { normEps: single }),
    }) as ModelConfig,
    changes: [
      ...rounds ? [`normEps ${normEps} is stored as ${single}, the nearest float32`] : [],
      ...lost.filter(({ row }) => row.affects !== "memory").map(({ option, row, value }) =>
        row.affects === "training"
          ? `${option} ${value} is not stored: it changes only training`
          : `${option} ${value} is stored as ${row.value} with zeros, which computes the same`
      ),
    ],
  };
}

/** GGUF files hold models of the Llama family, but not all combinations of their options. */
function ggufConfig(config: LlamaConfig, path: string): StoredConfig {
  const description = ggufDescription(config);
  if (!("why" in description)) return { config, changes: [] };
  const { option, why } = description;
  throw new UnsupportedOptionError(
    `Cannot write ${path}: ${why}: give --to FOLDER (Hugging Face) or --to checkpoints/step-NUMBER (checkpoint)`,
    { option, format: "GGUF" },
  );
}

const formatNames: readonly WeightFormat[] = ["Hugging Face", "checkpoint", "llm.c", "GGUF"];

/** An option that a format does not store and whose value differs from the default. */
interface LostOption {
  readonly option: string;
  readonly row: OptionRow;
  readonly value: unknown;
}

function lostOptions(config: Readonly<Record<string, unknown>>, format: WeightFormat): readonly LostOption[] {
  const rows: readonly (readonly [string, OptionRow])[] = Object.entries(
    architectureOf(config).options,
  );
  return rows.map(([option, row]) => ({ option, row, value: config[option] ?? row.value }))
    .filter(({ option, row, value }) => value !== row.value && !weightFormats[format].stores(option, row));
}

/** Returns whether a model computes the same when the option is reset to its default. */
function isHarmless(row: OptionRow): boolean {
  return (row.affects ?? "output") !== "output" || row.kind === "flag" && row.zeros === true;
}
