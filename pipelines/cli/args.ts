/**
 * Splits a command line into options and arguments, and finds the valid name that is nearest to a misspelt
 * name. Only this file and `stages/flow/std.ts` import Deno's standard library, because the library's npm
 * package has no types.
 *
 * @module
 */
import { parseArgs as untypedParseArgs } from "@std/cli/parse-args";
import { levenshteinDistance as untypedDistance } from "@std/text/levenshtein-distance";

/** The options that `parseArgs` accepts. */
export interface ParseOptions {
  /** Names of the options that take a value. */
  readonly string: readonly string[];
  /** Names of the options that take no value; each also has a `--no-` form. */
  readonly boolean: readonly string[];
}

/** The parts of a command line. Names are without dashes. */
export interface ParsedArgs {
  /** Arguments that are not options. */
  readonly positional: readonly string[];
  /** All values given for an option, in order. A flag with a value, such as `--quiet=false`, is included. */
  readonly values: ReadonlyMap<string, readonly string[]>;
  /** Whether a flag was last given as `--name` (true) or `--no-name` (false). */
  readonly flags: ReadonlyMap<string, boolean>;
  /** Unknown options, as they were typed. */
  readonly unknown: readonly string[];
  /** Options that need a value but were given none. */
  readonly missing: readonly string[];
}

const parse: (args: readonly string[], options: object) => Record<string, unknown> = untypedParseArgs;
const distance: (a: string, b: string) => number = untypedDistance;

/**
 * Splits a command line: `--name value`, `--name=value`, `--flag`, `--no-flag`; `--` ends the options. A
 * value may begin with a dash if it is a number, if it is `-` alone, if it is several words, such as
 * `"--steps 10"`, or if it follows `=`.
 */
export function parseArgs(args: readonly string[], options: ParseOptions): ParsedArgs {
  const takesValue = new Set(options.string);
  const flags = new Set(options.boolean);
  const valuedFlags = new Map<string, readonly string[]>(); // such as --quiet=false
  const missing: string[] = [];
  const unknown: string[] = [];
  const joined: string[] = [];
  for (let i = 0; i < args.length; i++) {
    if (args[i] === "--") {
      joined.push(...args.slice(i));
      break;
    }
    const name = args[i].startsWith("--") ? args[i].slice(2) : "";
    const [flag, text] = split(name);
    if (text !== null && flags.has(flag)) {
      valuedFlags.set(flag, [text]);
    } else if (!takesValue.has(name)) {
      joined.push(args[i]);
    } else if (i + 1 < args.length && isValue(args[i + 1])) {
      joined.push(`${args[i]}=${args[++i]}`);
    } else {
      missing.push(name);
    }
  }
  const parsed = parse(joined, {
    string: [...options.string, "_"],
    boolean: options.boolean,
    negatable: options.boolean,
    collect: options.string,
    unknown: (_arg: string, key: string | undefined) => {
      if (key === undefined) return true;
      unknown.push(key);
      return false;
    },
  });
  const values = new Map<string, readonly string[]>(valuedFlags);
  for (const name of options.string) {
    const texts = parsed[name];
    if (Array.isArray(texts) && texts.length > 0) values.set(name, texts.map(String));
  }
  const typed = new Set(joined.filter((arg) => arg.startsWith("--")).map((arg) => arg.replace(/=.*/s, "")));
  const set = new Map<string, boolean>();
  for (const name of options.boolean) {
    if (typed.has(`--${name}`) || typed.has(`--no-${name}`)) set.set(name, parsed[name] === true);
  }
  const positional = Array.isArray(parsed._) ? parsed._.map(String) : [];
  return { positional, values, flags: set, unknown, missing };
}

/**
 * Returns the name with the smallest edit distance to `name`, or null if none is close enough to be a likely
 * misspelling.
 */
export function nearest(name: string, names: Iterable<string>): string | null {
  let best: string | null = null;
  // A third of the letters may differ, or two in a short name.
  let least = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of names) {
    const edits = name.length > 2 && candidate.includes(name) ? 1 : distance(name, candidate);
    if (edits < least) [best, least] = [candidate, edits];
  }
  return best;
}

function split(text: string): [name: string, value: string | null] {
  const at = text.indexOf("=");
  return at < 0 ? [text, null] : [text.slice(0, at), text.slice(at + 1)];
}

function isValue(text: string): boolean {
  return !text.startsWith("-") || text === "-" || /^-[\d.]/.test(text) || /^-[^=]*\s/.test(text);
}
