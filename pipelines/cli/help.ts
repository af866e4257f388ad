/**
 * The text that --help prints, and the list of pipelines that the command prints without a pipeline name.
 *
 * @module
 */
import { flagOf } from "../../stages/report/option_text.ts";
import { painter, truncate } from "../../stages/report/terminal_text.ts";
import type { Option, Options, TextStyle } from "./pipeline.ts";
import type { Presets } from "./presets.ts";
import type { ResolvedOptions } from "./resolve.ts";
import { commonGroups, runOptions } from "./run_options.ts";

const INDENT = 30; // column where help texts begin

/** Returns the list of pipelines, one line each. */
export function listText(
  pipelines: readonly { readonly name: string; readonly about: string }[],
  { command, columns, color }: TextStyle & { readonly command: string },
): string {
  const paint = painter(color);
  const width = Math.max(0, ...pipelines.map(({ name }) => name.length));
  const lines = pipelines.map(({ name, about }) =>
    `  ${paint("bold", name.padEnd(width))}  ${truncate(about, Math.max(20, columns - width - 4))}`
  );
  return [
    "Pipelines:",
    ...lines,
    "",
    `Run one:      ${command} NAME [--option value]…`,
    `Its options:  ${command} NAME --help`,
    `Your own:     ${command} ./FILE.ts [--option value]…`,
    "",
    "Faster on the CPU, in place of deno task pipeline:",
    "  deno task native …  multiplies matrices with the system's BLAS; may call native code",
    "  deno task fast …    uses 256-bit WASM; V8 flags turn off WASM's bounds checks",
    "",
  ].join("\n");
}

/** Returns a pipeline's options in groups, each with its default value on this machine. */
export function helpText(
  { name, about, options, presets }: {
    readonly name: string;
    readonly about: string;
    readonly options: Options;
    readonly presets?: Presets | undefined;
  },
  resolved: ResolvedOptions,
  { command, columns, color }: TextStyle & { readonly command: string },
): string {
  const paint = painter(color);
  const usable = presets === undefined
    ? Object.fromEntries(Object.entries(options).filter(([, option]) => option !== runOptions.preset))
    : options;
  const lines = [
    `${command} ${name} [--option value]…`,
    ...wrapped(capitalized(about), { indent: 0, columns }),
  ];
  for (const [group, members] of groupsOf(usable)) {
    lines.push("", paint("bold", group));
    for (const [name, option] of members) {
      const about = option.about + defaultText(option, resolved.values[name]);
      lines.push(...entry(typedForm(name, option), about, { columns }));
    }
  }
  if (presets !== undefined) {
    lines.push("", paint("bold", "Presets"));
    for (const [name, { about }] of Object.entries(presets.byName)) {
      const mark = name === resolved.preset?.name ? ` (here: ${resolved.preset.why})` : "";
      lines.push(...entry(name, `${about}${mark}`, { columns }));
    }
  }
  return `${lines.join("\n")}\n`;
}

/** Returns the options by group. The groups that all pipelines share are last. */
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
