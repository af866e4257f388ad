/**
 * A model's options as rows of a table. The configuration's type, its checks, the command line, the help, checkpoints and
 * every weight format are derived from the table: to add an option, add a row and use it in the model.
 *
 * @module
 */

/** Facts that a row of any kind has. */
export interface OptionInfo {
  /** What the option sets, with its unit: its line in --help. */
  readonly about: string;
  /**
   * `output` (default): the option changes what a trained model computes, so a weight format that cannot store its value
   * must refuse it. `training`: it changes only training. `memory`: it changes only how tensors are laid out in memory.
   */
  readonly affects?: "output" | "training" | "memory";
  /** False: the option is not typed on the command line. */
  readonly commandLine?: false;
  /** Keys in Hugging Face's config.json: the first one present is read, all are written. Default: it has none. */
  readonly huggingFace?: readonly string[];
}

/** A count. */
export interface SizeRow extends OptionInfo {
  /** Tells the rows apart. */
  readonly kind: "size";
  /** Default; for a required option only on the command line. */
  readonly value: number;
  /** Whether a configuration must give it. */
  readonly required?: true;
  /** Smallest value. */
  readonly min: number;
  /** Largest value. */
  readonly max: number;
  /** What is counted, in the plural. */
  readonly unit: string;
}

/** A real number. */
export interface NumberRow extends OptionInfo {
  /** Tells the rows apart. */
  readonly kind: "number";
  /** Default. */
  readonly value: number;
  /** Smallest value. */
  readonly min: number;
  /** Largest value. */
  readonly max: number;
}

/** On or off. `about` names what is there when it is on. */
export interface FlagRow extends OptionInfo {
  /** Tells the rows apart. */
  readonly kind: "flag";
  /** Default. */
  readonly value: boolean;
  /** When true, a model without the option equals one that has it with zeros for the tensors that the option adds. */
  readonly zeros?: true;
}

/** One of several words. */
export interface ChoiceRow extends OptionInfo {
  /** Tells the rows apart. */
  readonly kind: "choice";
  /** Default. */
  readonly value: string;
  /** The words. */
  readonly choices: readonly string[];
  /** Hugging Face's words for each choice: all are read, the first is written. */
  readonly huggingFaceWords?: Readonly<Record<string, readonly string[]>>;
}

/** A row of the table. */
export type OptionRow = SizeRow | NumberRow | FlagRow | ChoiceRow;

/** Rows by the option's name in a configuration. */
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

/** What an option's value must be: "a whole number from 1 to 1000". */
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

/** Whether a value is one that the option takes. */
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
 * The first option of a configuration that is missing or has a value that it does not take, and the value that is
 * expected; null: every option is right. Other keys are passed over.
 */
export function configFault(table: OptionTable, config: Readonly<Record<string, unknown>>): string | null {
  for (const [name, row] of Object.entries(table)) {
    const value = config[name];
    if (value === undefined && !isRequired(row)) continue;
    if (!isOptionValue(row, value)) return `${name} is ${shown(value)}, expected ${expectedValue(row)}`;
  }
  return null;
}

/** A configuration with the default of every option that it leaves out. */
export function withDefaults<T extends OptionTable>(table: T, config: ConfigOf<T>): FullConfig<T>;
export function withDefaults(table: OptionTable, config: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(table).map(([name, row]) => [name, config[name] ?? row.value]));
}

/** The options that a configuration gives, of the rows that `keep` accepts. */
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
 * A configuration without the options that have their default, and without keys that the table has not. Sizes stay: a
 * file that says them all can be read without this table.
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
