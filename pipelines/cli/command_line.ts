/**
 * Reads option values from the command line and from config files.
 *
 * @module
 */
import { fileError, isWrongPath } from "../../stages/disk/file_error.ts";
import { isRecord } from "../../stages/disk/json.ts";
import { flagOf } from "../../stages/report/option_text.ts";
import { nearest, parseArgs } from "./args.ts";
import type { Option, Options } from "./pipeline.ts";
import { commandOptions, typedOptions } from "./run_options.ts";
import { suggestedOption, suggestedValue } from "./synonyms.ts";
import { UsageError } from "../../stages/run/usage_error.ts";

/** The option values that were given. The key is the option's name in camel case. */
export type GivenValues = ReadonlyMap<string, unknown>;

/**
 * Reads a command line. Arguments without a flag become values of the option `positional`. Throws UsageError,
 * whose message suggests none of the options `unsuggested`.
 */
export function readCommandLine(
  args: readonly string[],
  options: Options,
  { positional, unsuggested = new Map() }: {
    readonly positional?: string | undefined;
    readonly unsuggested?: ReadonlyMap<string, unknown>;
  } = {},
): GivenValues {
  const byFlag = new Map(Object.keys(options).map((name) => [flagOf(name), name]));
  const flags = [...byFlag.keys()];
  const parsed = parseArgs(withFlagValues(args), {
    string: flags.filter((flag) => !options[nameOf(byFlag, flag)].flag),
    boolean: flags.filter((flag) => options[nameOf(byFlag, flag)].flag),
  });
  const suggestible = flags.filter((flag) => !unsuggested.has(nameOf(byFlag, flag)));
  for (const flag of parsed.unknown) throw unknownOption(flag, suggestible);
  for (const flag of parsed.missing) {
    const { placeholder = "VALUE" } = options[nameOf(byFlag, flag)];
    throw new UsageError(`--${flag} needs a value: expected --${flag} ${placeholder}`);
  }
  if (parsed.positional.length > 0 && positional === undefined) {
    const [first] = parsed.positional, [word, value] = first.split("=", 2);
    const near = suggestedOption(word, suggestible);
    const hint = near === null
      ? "every option begins with --"
      : `did you mean ${near}${value === undefined ? "" : ` ${value}`}?`;
    throw new UsageError(`Unexpected argument ${quoted(first)}: ${hint}`);
  }
  const given = new Map<string, unknown>();
  for (const [flag, value] of parsed.flags) given.set(nameOf(byFlag, flag), value);
  for (const [flag, texts] of parsed.values) {
    const name = nameOf(byFlag, flag);
    const option = options[name];
    const values = texts.map((text) => valueOf(option, text, `--${flag}`));
    given.set(name, option.repeat === true ? values.flat() : values[values.length - 1]);
  }
  if (positional !== undefined && parsed.positional.length > 0) {
    const values = parsed.positional.flatMap((text) =>
      valueOf(options[positional], text, `--${flagOf(positional)}`)
    );
    given.set(positional, [...list(given.get(positional)), ...values]);
  }
  return given;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/**
 * Reads the options of a JSON file, which may be a run's config.json. Option names may also be written as on
 * the command line. Throws UsageError.
 */
export async function readConfig(path: string, options: Options): Promise<GivenValues> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    if (error instanceof SyntaxError) {
      throw new UsageError(`Cannot read ${path}: it is not JSON: ${error.message}`);
    }
    const cause = fileError(error, { action: "read", path, hint: "give another --config" });
    throw isWrongPath(cause) ? new UsageError(cause.message, { cause }) : cause;
  }
  if (!isRecord(parsed)) {
    throw new UsageError(`Cannot read ${path}: expected a JSON object of options such as {"lr": 0.001}`);
  }
  const isRun = isRecord(parsed.options) && typeof parsed.pipeline === "string";
  const record = isRun && isRecord(parsed.options) ? parsed.options : parsed;
  return fromRecord(record, options, { where: `in ${path}`, unknown: isRun ? "skip" : "refuse" });
}

/**
 * Parses the options of a preset, a config file or a run's config.json. Throws UsageError, whose message
 * contains `where`.
 */
export function fromRecord(
  record: Readonly<Record<string, unknown>>,
  options: Options,
  { where, unknown }: { readonly where: string; readonly unknown: "skip" | "refuse" },
): GivenValues {
  const given = new Map<string, unknown>();
  for (const [key, value] of Object.entries(record)) {
    const name = key.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
    if (!Object.hasOwn(options, name) || typedOptions.has(name)) {
      if (unknown === "skip") continue;
      const near = suggestedOption(
        flagOf(name),
        Object.keys(options).filter((option) => !commandOptions.has(option)).map(flagOf),
      );
      throw new UsageError(
        `Unknown option ${quoted(key)} ${where}${
          near === null ? "" : `: did you mean ${near.replace(/^--/, "")}?`
        }`,
      );
    }
    const option = options[name];
    const label = `${key} ${where}`;
    if (value === null) {
      if (option.value !== null) throw new UsageError(`${label} is null: leave it out to get the default`);
      given.set(name, null);
    } else if (Array.isArray(value)) {
      given.set(
        name,
        option.repeat === true
          ? value.flatMap((item) => valueOf(option, textOf(item, label), label))
          : valueOf(option, value.map((item) => textOf(item, label)).join(","), label),
      );
    } else {
      given.set(name, valueOf(option, textOf(value, label), label));
    }
  }
  return given;
}

/** Reads `--help all` as `--help=all`, `--ui 8080` as `--ui=8080`, and `-h` as `--help`. */
function withFlagValues(args: readonly string[]): string[] {
  const words: string[] = [];
  for (const arg of args) {
    const last = words.at(-1);
    if (arg === "all" && last === "--help" || /^\d+$/.test(arg) && last === "--ui") {
      words[words.length - 1] = `${last}=${arg}`;
    } else words.push(arg === "-h" ? "--help" : arg);
  }
  return words;
}

/** Returns an error such as "Unknown option --steeps: did you mean --steps?" */
function unknownOption(flag: string, flags: readonly string[]): UsageError {
  const typed = flag.length === 1 ? `-${flag}` : `--${flag}`;
  const ours = suggestedOption(flag, flags);
  const negated = flag.startsWith("no-") && ours === `--${nearest(flag.slice(3), flags)}`;
  return new UsageError(
    `Unknown option ${typed}: ${
      ours === null
        ? "--help all lists the options"
        : `did you mean ${ours}${negated ? " (it takes a value)" : ""}?`
    }`,
  );
}

function valueOf(option: Option<unknown>, text: string, where: string): unknown {
  try {
    return option.parse(text);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const near = option.choices === undefined ? null : suggestedValue(text, option.choices);
    const hint = near === null ? "" : `: did you mean ${near}?`;
    throw new UsageError(`Bad value for ${where}: ${quoted(text)}: ${error.message}${hint}`, {
      cause: error,
    });
  }
}

function textOf(value: unknown, where: string): string {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return `${value}`;
  throw new UsageError(
    `Bad value for ${where}: ${JSON.stringify(value)}: expected a text, number, true or false`,
  );
}

function nameOf(byFlag: ReadonlyMap<string, string>, flag: string): string {
  return byFlag.get(flag) ?? flag;
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}…` : text);
}
