/**
 * Typed doorway to what the command line uses of the standard library; with `stages/flow/std.ts` the only file outside
 * tests to import it, because the package that carries it has no types.
 *
 * @module
 */
import { parseArgs as untypedParseArgs } from "@std/cli/parse-args";
import { levenshteinDistance as untypedDistance } from "@std/text/levenshtein-distance";

/** What `parseArgs` is told about the options. */
export interface ParseOptions {
  /** Options that take a value; each is collected in order, so that a repeated one is seen. */
  readonly string: readonly string[];
  /** Options that take none; each also has a `--no-` form. */
  readonly boolean: readonly string[];
}

/** What stood on a command line. */
export interface ParsedArgs {
  /** Everything that is not an option. */
  readonly positional: readonly string[];
  /** Name without dashes → the texts given, in order; also of flags typed with one, as `--quiet=false`. */
  readonly values: ReadonlyMap<string, readonly string[]>;
  /** Name without dashes and without `no-` → the last one given. */
  readonly flags: ReadonlyMap<string, boolean>;
  /** Options by the names typed that were not declared. */
  readonly unknown: readonly string[];
  /** Options that take a value and stand without one. */
  readonly missing: readonly string[];
}

const parse: (args: readonly string[], options: object) => Record<string, unknown> = untypedParseArgs;
const distance: (a: string, b: string) => number = untypedDistance;

/**
 * Takes a command line apart: `--name value`, `--name=value`, `--flag`, `--no-flag`; `--` ends the options.
 * A value that begins with a dash is taken if it is a number or `-` itself, or after `=`.
 */
export function parseArgs(args: readonly string[], options: ParseOptions): ParsedArgs {
  const takesValue = new Set(options.string);
  const flags = new Set(options.boolean);
  const valued = new Map<string, readonly string[]>(); // flags typed with a value: --quiet=false
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
      valued.set(flag, [text]);
    } else if (!takesValue.has(name)) {
      joined.push(args[i]);
    } else if (i + 1 < args.length && isValue(args[i + 1])) {
      joined.push(`${args[i]}=${args[++i]}`);
    } else {
      missing.push(name);
    }
  }
  const found = parse(joined, {
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
  const values = new Map<string, readonly string[]>(valued);
  for (const name of options.string) {
    const texts = found[name];
    if (Array.isArray(texts) && texts.length > 0) values.set(name, texts.map(String));
  }
  const typed = new Set(joined.filter((arg) => arg.startsWith("--")).map((arg) => arg.replace(/=.*/s, "")));
  const set = new Map<string, boolean>();
  for (const name of options.boolean) {
    if (typed.has(`--${name}`) || typed.has(`--no-${name}`)) set.set(name, found[name] === true);
  }
  const positional = Array.isArray(found._) ? found._.map(String) : [];
  return { positional, values, flags: set, unknown, missing };
}

/** The name nearest to `name` by edit distance, or null where none is near enough to be meant. */
export function nearest(name: string, names: Iterable<string>): string | null {
  let best: string | null = null;
  let least = Math.max(2, Math.floor(name.length / 3)) + 1; // a third of the letters may be wrong, at least two
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
  return !text.startsWith("-") || text === "-" || /^-[\d.]/.test(text);
}
