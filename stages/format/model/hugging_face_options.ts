/**
 * A model's options in Hugging Face's config.json. The model's option table contains each option's key in
 * config.json. If the value of an option is one of several words, the table also contains Hugging Face's
 * words.
 *
 * @module
 */
import {
  type ConfigOf,
  expectedValue,
  isOptionValue,
  type OptionRow,
  type OptionTable,
  withDefaults,
} from "../../../kernels/models/model_options.ts";
import { excerpt } from "../text/excerpt.ts";

/** Access to a config.json that is being read. */
export interface ConfigReader {
  /** Returns the value of a key, or undefined if the key is absent or null. */
  get(key: string): unknown;
  /** Returns an error that names the file. */
  wrong(why: string): Error;
}

/**
 * The options in a config.json. Throws the reader's error if a required option is missing or a value is not
 * valid.
 */
export function readHuggingFaceOptions(
  table: OptionTable,
  { get, wrong }: ConfigReader,
): Readonly<Record<string, unknown>> {
  const values: [string, unknown][] = [];
  for (const [name, row] of Object.entries(table)) {
    const { huggingFace: keys = [] } = row;
    const key = keys.find((each) => get(each) !== undefined) ?? keys[0];
    const given = key === undefined ? undefined : get(key);
    if (given === undefined && !(row.kind === "size" && row.required === true)) continue;
    const value = ownWord(row, given);
    if (!isOptionValue(row, value)) {
      throw wrong(`${key} is ${excerpt(given)}, expected ${expectedWords(row) ?? expectedValue(row)}`);
    }
    values.push([name, value]);
  }
  return Object.fromEntries(values);
}

/** Returns the entries of config.json for a model's options. */
export function huggingFaceOptions<T extends OptionTable>(
  table: T,
  config: ConfigOf<T>,
): Readonly<Record<string, unknown>> {
  const full: Readonly<Record<string, unknown>> = withDefaults(table, config);
  return Object.fromEntries(
    Object.entries(table).flatMap(([name, row]) =>
      (row.huggingFace ?? []).map((key) => [key, publishedWord(row, full[name])])
    ),
  );
}

/**
 * Returns the keys of options that are real numbers, which must be written so that Python reads them as
 * floats.
 */
export function huggingFaceFloats(table: OptionTable): readonly string[] {
  return Object.values(table).flatMap((row) => row.kind === "number" ? row.huggingFace ?? [] : []);
}

function ownWord(row: OptionRow, given: unknown): unknown {
  if (row.kind !== "choice" || row.huggingFaceWords === undefined) return given;
  return row.choices.find((choice) => row.huggingFaceWords?.[choice]?.some((word) => word === given));
}

function publishedWord(row: OptionRow, value: unknown): unknown {
  return row.kind === "choice" ? row.huggingFaceWords?.[String(value)]?.[0] ?? value : value;
}

function expectedWords(row: OptionRow): string | null {
  if (row.kind !== "choice" || row.huggingFaceWords === undefined) return null;
  return `one of ${Object.values(row.huggingFaceWords).flat().join(", ")}`;
}
