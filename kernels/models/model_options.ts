/**
 * A model's options as rows of a table. The type of the configuration, its checks, the command line, the
 * help, checkpoints and all weight formats follow from the table: to add an option, add a row and use the
 * option in the model.
 *
 * @module
 */

/** Fields that rows of all kinds have. */
export interface OptionInfo {
  /** Description of the option, including its unit, as shown by --help. */
  readonly about: string;
  /**
   * `output` (default): the option changes what a trained model computes, so a weight format that cannot
   * store its value must refuse it. `training`: it changes only training. `memory`: it changes only how
   * tensors are laid out in memory.
   */
  readonly affects?: "output" | "training" | "memory";
  /** False: the option is not on the command line. */
  readonly commandLine?: false;
  /**
   * Keys in Hugging Face's config.json: the first one present is read, all are written. Default: the option
   * is not stored there.
   */
  readonly huggingFace?: readonly string[];
}

/** An option that is a count. */
export interface SizeRow extends OptionInfo {
  /** Kind of the row. */
  readonly kind: "size";
  /** Default value; for a required option it applies on the command line only. */
  readonly value: number;
  /** Whether a configuration must contain the option. */
  readonly required?: true;
  /** Smallest value. */
  readonly min: number;
  /** Largest value. */
  readonly max: number;
  /** Name of the counted things, in the plural. */
  readonly unit: string;
}

/** An option that is a real number. */
export interface NumberRow extends OptionInfo {
  /** Kind of the row. */
  readonly kind: "number";
  /** Default value. */
  readonly value: number;
  /** Smallest value. */
  readonly min: number;
  /** Largest value. */
  readonly max: number;
}

/** An option that is on or off; its description names what the model has when it is on. */
export interface FlagRow extends OptionInfo {
  /** Kind of the row. */
  readonly kind: "flag";
  /** Default value. */
  readonly value: boolean;
  /**
   * True if a model without the option computes the same as a model that has the option and whose additional
   * tensors are zeros.
   */
  readonly zeros?: true;
}

/** An option that is one of several words. */
export interface ChoiceRow extends OptionInfo {
  /** Kind of the row. */
  readonly kind: "choice";
  /** Default value. */
  readonly value: string;
  /** Words to choose from. */
  readonly choices: readonly string[];
  /** Hugging Face's words for each choice: all are read, the first is written. */
  readonly huggingFaceWords?: Readonly<Record<string, readonly string[]>>;
}

/** A row of the table. */
export type OptionRow = SizeRow | NumberRow | FlagRow | ChoiceRow;

/** Rows, keyed by the option's name in a configuration. */
export type OptionTable = Readonly<Record<string, OptionRow>>;

/** Type of an option's value. */
export type OptionValue<R> = R extends { readonly kind: "size" | "number" } ? number
  : R extends { readonly kind: "flag" } ? boolean
  : R extends { readonly choices: readonly (infer Word)[] } ? Word
  : never;

/** A configuration with every option. */
export type FullConfig<T> = { readonly [K in keyof T]: OptionValue<T[K]> };

/** A configuration: required options, and any of the others. */
export type ConfigOf<T> =
  & { readonly [K in keyof T as T[K] extends { readonly required: true } ? K : never]: OptionValue<T[K]> }
  & { readonly [K in keyof T as T[K] extends { readonly required: true } ? never : K]?: OptionValue<T[K]> };

/** Returns a description of the values that an option accepts: "a whole number from 1 to 1000". */
export function expectedValue(row: OptionRow): string {
  switch (row.kind) {
    case "size":
      return `a whole number from ${row.min} to ${row.max}`;
    case "number":
      return `a number from ${row.min} to ${row.max}`;
    case "flag":
      return "true or false";
    case "choice":
      return `one of ${row.choices.join(", ")}`;
  }
}

/** Returns whether an option accepts a value. */
export function isOptionValue(row: OptionRow, value: unknown): boolean {
  switch (row.kind) {
    case "size":
      return typeof value === "number" && Number.isInteger(value) && value >= row.min && value <= row.max;
    case "number":
      return typeof value === "number" && value >= row.min && value <= row.max;
    case "flag":
      return typeof value === "boolean";
    case "choice":
      return typeof value === "string" && row.choices.includes(value);
  }
}

/**
 * Describes the first option of a configuration that is missing or has a value that it does not accept; null
 * if all options are valid. Keys that are not in the table are ignored.
 */
export function configFault(table: OptionTable, config: Readonly<Record<string, unknown>>): string | null {
  for (const [name, row] of Object.entries(table)) {
    const value = config[name];
    if (value === undefined && !isRequired(row)) continue;
    if (!isOptionValue(row, value)) return `${name} is ${shown(value)}, expected ${expectedValue(row)}`;
  }
  return null;
}

/** Returns a configuration completed with the default value of every option that it leaves out. */
export function withDefaults<T extends OptionTable>(table: T, config: ConfigOf<T>): FullConfig<T>;
export function withDefaults(table: OptionTable, config: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(table).map(([name, row]) => [name, config[name] ?? row.value]));
}

/** Returns the options of a configuration whose rows `keep` accepts. */
export function selectOptions<T extends OptionTable>(
  table: T,
  config: ConfigOf<T>,
  keep: (row: OptionRow) => boolean,
): Partial<FullConfig<T>>;
export function selectOptions(
  table: OptionTable,
  config: Readonly<Record<string, unknown>>,
  keep: (row: OptionRow) => boolean,
): object {
  return Object.fromEntries(
    Object.entries(table)
      .filter(([name, row]) => config[name] !== undefined && keep(row))
      .map(([name]) => [name, config[name]]),
  );
}

/**
 * Returns a configuration without options that have their default value, and without keys that are not in the
 * table. Sizes are kept, so that a stored configuration shows them all.
 */
export function withoutDefaults<T extends OptionTable>(table: T, config: ConfigOf<T>): ConfigOf<T>;
export function withoutDefaults(table: OptionTable, config: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(
    Object.entries(table)
      .map(([name, row]) => [name, config[name], row] as const)
      .filter(([, value, row]) => value !== undefined && (row.kind === "size" || value !== row.value))
      .map(([name, value]) => [name, value]),
  );
}

function isRequired(row: OptionRow): boolean {
  return row.kind === "size" && row.required === true;
}

function shown(value: unknown): string {
  return typeof value === "number" || value === undefined ? String(value) : JSON.stringify(value);
}
