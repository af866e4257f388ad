/**
 * The text that --help prints.
 *
 * @module
 */
import { flagOf } from "../../stages/report/option_text.ts";
import { painter } from "../../stages/report/terminal_text.ts";
import type { GivenValues } from "./command_line.ts";
import type { Example, Option, Options, Pipeline, TextStyle } from "./pipeline.ts";
import type { ResolvedOptions } from "./resolve.ts";
import { commonGroups } from "./run_options.ts";

const INDENT = 30; // column where help texts begin

/** What --help says about a pipeline. */
export interface HelpSubject
  extends Pick<Pipeline<Options>, "about" | "options" | "examples" | "often" | "presets" | "helpNotes"> {
  /** The word that names the pipeline in a command. */
  readonly typed: string;
  /** The options that its own declaration has. */
  readonly own: Options;
  /** The options of every pipeline that do nothing in this one. */
  readonly spared: ReadonlyMap<string, string>;
  /** Folder of an earlier run, and its values that a resumed run would keep; null if there is none. */
  readonly saved: { readonly out: string; readonly values: GivenValues } | null;
}

/**
 * Returns usage, examples and options in groups, each with its default value on this machine: the options
 * people use, or with `all` every option that does something in the pipeline.
 */
export function helpText(
  subject: HelpSubject,
  resolved: ResolvedOptions,
  { command, columns, color, all }: TextStyle & { readonly command: string; readonly all: boolean },
): string {
  const { typed, about, options, presets, spared, saved } = subject;
  const paint = painter(color), call = `${command} ${typed}`;
  const names = all ? null : oftenUsed(subject);
  const shown = Object.entries(options).filter(([name]) =>
    !spared.has(name) && (names === null || names.has(name))
  );
  const lines = [
    `${call} [--option value]…`,
    ...wrapped(capitalized(about), { indent: 0, columns }),
    "",
    paint("bold", "Examples"),
    ...examplesOf(subject).flatMap(({ does, typed }) => [
      `  ${`${call} ${typed}`.trimEnd()}`,
      ...wrapped(does, { indent: 6, columns }),
    ]),
  ];
  for (const [group, members] of groupsOf(Object.fromEntries(shown))) {
    lines.push("", paint("bold", group));
    for (const [name, option] of members) {
      const about = option.about + storedText(option) + defaultText(option, resolved.values[name]);
      lines.push(...entry(typedForm(name, option), about, { columns }));
    }
  }
  if (presets !== undefined && all) {
    lines.push("", paint("bold", "Presets"));
    for (const [name, { about }] of Object.entries(presets.byName)) {
      const mark = name === resolved.preset?.name ? ` (here: ${resolved.preset.why})` : "";
      lines.push(...entry(name, `${about}${mark}`, { columns }));
    }
  }
  const notes = all ? subject.helpNotes?.() ?? [] : [];
  if (notes.length > 0) lines.push("", ...notes);
  lines.push(...savedLines(saved, { options, resolved, columns }));
  if (!all) lines.push("", `Every option: ${call} --help all`);
  return `${lines.join("\n")}\n`;
}

function examplesOf({ examples }: HelpSubject): readonly Example[] {
  return examples ?? [{ does: "run it with its defaults", typed: "" }];
}

/** Returns the options that --help shows without `all`. */
function oftenUsed({ own, often = ["out", ...Object.keys(own)] }: HelpSubject): ReadonlySet<string> {
  return new Set(often);
}

/** Says which values an earlier run in the folder keeps when it is resumed, if they are not the defaults. */
function savedLines(
  saved: HelpSubject["saved"],
  { options, resolved, columns }: {
    readonly options: Options;
    readonly resolved: ResolvedOptions;
    readonly columns: number;
  },
): string[] {
  if (saved === null) return [];
  const kept = [...saved.values].filter(([name, value]) =>
    Object.hasOwn(options, name) && name !== "out" && name !== "help" && value !== null &&
    JSON.stringify(value) !== JSON.stringify(resolved.values[name])
  );
  const values = kept.map(([name, value]) => `--${flagOf(name)} ${valueText(value)}`).join(", ");
  return [
    "",
    ...wrapped(`The run in ${saved.out} keeps when it is resumed: ${values || "these values"}`, {
      indent: 0,
      columns,
    }),
  ];
}

/** Options by group. The groups that all pipelines share are last. */
function groupsOf(options: Options): ReadonlyMap<string, readonly (readonly [string, Option<unknown>])[]> {
  const groups = new Map<string, (readonly [string, Option<unknown>])[]>();
  for (const [name, option] of Object.entries(options)) {
    const group = option.group ?? "Options";
    groups.set(group, [...groups.get(group) ?? [], [name, option]]);
  }
  for (const group of commonGroups) {
    const members = groups.get(group);
    groups.delete(group);
    if (members !== undefined) groups.set(group, members);
  }
  return groups;
}

/** Returns an option as it is typed: "--steps N", "--quiet", "--no-color". */
function typedForm(name: string, option: Option<unknown>): string {
  if (option.flag === true) return option.value === true ? `--no-${flagOf(name)}` : `--${flagOf(name)}`;
  return `--${flagOf(name)} ${option.placeholder ?? "VALUE"}`;
}

/** Says of a path that it may be an address in an object store. */
function storedText({ stored }: Option<unknown>): string {
  if (stored === undefined) return "";
  return stored === "shards" || typeof stored === "function"
    ? "; also s3://BUCKET/GLOB"
    : "; also s3://BUCKET/KEY";
}

/**
 * Returns the default value in brackets: " [0.001]", " [512 MiB]". The result is empty for a flag and for an
 * unset or empty value.
 */
function defaultText({ flag, unit }: Option<unknown>, value: unknown): string {
  if (flag === true || value === null || value === "" || Array.isArray(value) && value.length === 0) {
    return "";
  }
  return ` [${valueText(value)}${unit === undefined ? "" : ` ${unit}`}]`;
}

function entry(head: string, text: string, { columns }: { readonly columns: number }): string[] {
  const lines = wrapped(text, { indent: INDENT, columns });
  if (head.length > INDENT - 4) return [`  ${head}`, ...lines];
  return [`  ${head}`.padEnd(INDENT) + lines[0].trimStart(), ...lines.slice(1)];
}

/** Formats a value as --help and --dry-run print it. */
export function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.map(valueText).join(", ");
  // deno-lint-ignore no-control-regex -- a line break in a sample prompt would break the table
  return typeof value === "string" && !/[\x00-\x1f]/.test(value) ? value : JSON.stringify(value);
}

function wrapped(text: string, { indent, columns }: { indent: number; columns: number }): string[] {
  const room = Math.max(24, columns - indent - 1);
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + word.length + 1 > room) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  lines.push(line);
  return lines.map((l) => " ".repeat(indent) + l);
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
