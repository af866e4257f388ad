/**
 * Option types. Each parses the text given on the command line, or throws an error that says what it
 * expected.
 *
 * @module
 */
import type { Option } from "./pipeline.ts";
import { withSlashes } from "../../stages/disk/paths.ts";
import { isStore } from "../../stages/run/store/store_place.ts";

/**
 * Fields of an option other than its help text and its parser. `fixed` defaults to false.
 */
export interface OptionSettings<T> extends Omit<Option<T>, "about" | "parse" | "fixed" | "repeat" | "flag"> {
  /** Whether the value is fixed for a run; see `Option`. */
  readonly fixed?: boolean;
}

/** Fields of an option for paths. */
export interface PathSettings<T> extends OptionSettings<T> {
  /** Whether addresses in an object store are passed on as they are. Default: false. */
  readonly takesAddress?: boolean;
}

/** The values that a number may have. Both bounds are allowed values. */
export interface Bounds<W extends string> {
  /** Smallest allowed value. */
  readonly min?: number;
  /** Largest allowed value. */
  readonly max?: number;
  /** Words that are accepted in place of a number: "auto". */
  readonly words?: readonly W[];
}

/** The words that an option accepts. */
export interface Choices<W extends string> {
  /** The accepted words, in the order in which the help lists them. */
  readonly choices: readonly W[];
}

/** Fields of a list option. */
export interface ListSettings<T> extends OptionSettings<T> {
  /** The only items accepted. */
  readonly choices?: readonly string[];
}

/** An option for any text. A default of null means that the option is unset. */
export function text(about: string, settings: OptionSettings<string>): Option<string>;
/** Does the same for an option that may be unset. */
export function text(about: string, settings: OptionSettings<string | null>): Option<string | null>;
export function text(about: string, settings: OptionSettings<string | null>): Option<string | null> {
  return option<string | null>(about, { placeholder: "TEXT", ...settings }, (given) => given);
}

/**
 * Returns an option for the path of a file or folder. A default of null means that the option is unset. An
 * address in an object store is refused, unless `stored` says what it names or the option takes it as it is.
 */
export function path(about: string, settings: PathSettings<string>): Option<string>;
/** Does the same for an option that may be unset. */
export function path(about: string, settings: PathSettings<string | null>): Option<string | null>;
export function path(about: string, settings: PathSettings<string | null>): Option<string | null> {
  const { takesAddress = false, ...fields } = settings;
  return option<string | null>(about, { placeholder: "PATH", ...fields }, (given) => {
    if (given === "") throw new RangeError("expected a path");
    if (!takesAddress) requireReadable(given, settings);
    return withSlashes(given);
  });
}

/** Throws RangeError for an address in an object store, if the option has no use for it. */
function requireReadable(given: string, { stored }: Pick<OptionSettings<unknown>, "stored">): void {
  if (stored !== undefined || !isStore(given)) return;
  throw new RangeError(
    "expected a path of this machine: of an object store, copy the file first (aws s3 cp), and give the copy's path",
  );
}

/**
 * Returns an option for a whole number, which may be written as `1e6` or `50_000`, or one of `words`. A
 * default of null means that the option is unset.
 */
export function integer(about: string, settings: OptionSettings<number> & Bounds<never>): Option<number>;
/** Does the same for an option that may be unset. */
export function integer(
  about: string,
  settings: OptionSettings<number | null> & Bounds<never>,
): Option<number | null>;
/** Does the same for an option that may also be one of `words`. */
export function integer<W extends string>(
  about: string,
  settings: OptionSettings<number | NoInfer<W>> & Bounds<W>,
): Option<number | W>;
export function integer(
  about: string,
  settings: OptionSettings<number | string | null> & Bounds<string>,
): Option<number | string | null> {
  return option<number | string | null>(about, { placeholder: "N", ...settings }, (given) => {
    const word = settings.words?.find((w) => w === given);
    if (word !== undefined) return word;
    const value = toNumber(given);
    if (!Number.isSafeInteger(value) || !within(value, settings)) {
      throw new RangeError(`expected a whole number${rangeOf(settings)}`);
    }
    return value;
  });
}

/** An option for a number. A default of null means that the option is unset. */
export function number(about: string, settings: OptionSettings<number> & Bounds<never>): Option<number>;
/** Does the same for an option that may be unset. */
export function number(
  about: string,
  settings: OptionSettings<number | null> & Bounds<never>,
): Option<number | null>;
export function number(
  about: string,
  settings: OptionSettings<number | null> & Bounds<never>,
): Option<number | null> {
  return option<number | null>(about, { placeholder: "X", ...settings }, (given) => {
    const value = toNumber(given);
    if (!Number.isFinite(value) || !within(value, settings)) {
      throw new RangeError(`expected a number${rangeOf(settings)}`);
    }
    return value;
  });
}

/** Returns an option that is on or off: `--name`, `--no-name`. */
export function flag(about: string, settings: OptionSettings<boolean>): Option<boolean> {
  return {
    ...option(about, settings, (given) => {
      if (given === "true") return true;
      if (given === "false") return false;
      throw new RangeError("expected true or false");
    }),
    flag: true,
  };
}

/** Returns an option for one of a few words. A default of null means that the option is unset. */
export function oneOf<W extends string>(
  about: string,
  settings: OptionSettings<NoInfer<W>> & Choices<W>,
): Option<W>;
/** Does the same for an option that may be unset. */
export function oneOf<W extends string>(
  about: string,
  settings: OptionSettings<NoInfer<W> | null> & Choices<W>,
): Option<W | null>;
export function oneOf(about: string, settings: OptionSettings<string> & Choices<string>): Option<string> {
  const { choices } = settings;
  const made = option(about, { placeholder: choices.join("|"), ...settings }, (given) => {
    const word = choices.find((w) => w === given);
    if (word === undefined) throw new RangeError(`expected one of ${choices.join(", ")}`);
    return word;
  });
  return { ...made, choices };
}

/**
 * Returns an option for items separated by commas; "none" is an empty list. A default of null means that the
 * option is unset.
 */
export function list(about: string, settings: ListSettings<readonly string[]>): Option<readonly string[]>;
/** Does the same for an option that may be unset. */
export function list(
  about: string,
  settings: ListSettings<readonly string[] | null>,
): Option<readonly string[] | null>;
export function list(
  about: string,
  settings: ListSettings<readonly string[] | null>,
): Option<readonly string[] | null> {
  const { choices } = settings;
  const made = option<readonly string[] | null>(about, { placeholder: "A,B,…", ...settings }, (given) => {
    if (given.trim() === "none" && !choices?.includes("none")) return [];
    const words = given.split(",").map((w) => w.trim()).filter((w) => w !== "");
    const unknown = words.find((w) => choices !== undefined && !choices.includes(w));
    if (unknown !== undefined) throw new RangeError(`${unknown}: expected some of ${choices?.join(", ")}`);
    return words;
  });
  return choices === undefined ? made : { ...made, choices };
}

/** Returns an option that may be repeated, each time with one text. */
export function repeated(
  about: string,
  settings: OptionSettings<readonly string[]>,
): Option<readonly string[]> {
  return {
    ...option<readonly string[]>(about, { placeholder: "TEXT", ...settings }, (given) => [given]),
    repeat: true,
  };
}

/** Returns an option that may be repeated, each time with one path or URI; of addresses as `path`. */
export function repeatedPaths(
  about: string,
  settings: PathSettings<readonly string[]>,
): Option<readonly string[]> {
  const { takesAddress = false, ...fields } = settings;
  return {
    ...repeated(about, { placeholder: "PATH", ...fields }),
    parse(given) {
      if (!takesAddress) requireReadable(given, settings);
      return [withSlashes(given)];
    },
  };
}

/**
 * Returns an option for a duration, such as `90s`, `5m` or `1h30m`. A number without a unit means seconds. A
 * default of null means that the option is unset.
 */
export function duration(about: string, settings: OptionSettings<number>): Option<number>;
/** Does the same for an option that may be unset. */
export function duration(about: string, settings: OptionSettings<number | null>): Option<number | null>;
export function duration(about: string, settings: OptionSettings<number | null>): Option<number | null> {
  return option<number | null>(about, { placeholder: "TIME", unit: "s", ...settings }, (given) => {
    const match = /^(?:([\d.]+)d)?(?:([\d.]+)h)?(?:([\d.]+)m)?(?:([\d.]+)s?)?$/.exec(given.trim());
    const seconds = match === null
      ? NaN
      : [86400, 3600, 60, 1].reduce((sum, unit, i) => sum + unit * Number(match[i + 1] ?? 0), 0);
    if (!(seconds > 0)) throw new RangeError("expected a time such as 90s, 5m or 1h30m");
    return seconds;
  });
}

function option<T>(about: string, settings: OptionSettings<T>, parse: (text: string) => T): Option<T> {
  return { fixed: false, ...settings, about, parse };
}

function toNumber(text: string): number {
  const plain = text.trim().replace(/(?<=\d)_(?=\d)/g, "");
  return /^[-+]?(\d|\.\d)/.test(plain) ? Number(plain) : NaN;
}

function within(value: number, { min = -Infinity, max = Infinity }: Bounds<string>): boolean {
  return value >= min && value <= max;
}

function rangeOf({ min, max, words = [] }: Bounds<string>): string {
  const range = min !== undefined && max !== undefined
    ? ` from ${min} to ${max}`
    : min !== undefined
    ? ` of at least ${min}`
    : max !== undefined
    ? ` of at most ${max}`
    : "";
  return range + words.map((w) => ` or ${w}`).join("");
}
