/**
 * Layers of values: default < preset that `auto` picked < what the run began with < preset named < config file <
 * command line.
 *
 * @module
 */
import { flagOf, fromRecord, type Given } from "./command_line.ts";
import type { Options } from "./pipeline.ts";
import type { Machine } from "./machine.ts";
import { choosePreset, type PresetChoice, type Presets } from "./presets.ts";
import { UsageError } from "./usage_error.ts";

/** Every option's value, and where it came from. */
export interface Resolved {
  readonly values: Readonly<Record<string, unknown>>;
  /** "default", "preset tiny", "the run so far", "config file", "command line". */
  readonly origin: ReadonlyMap<string, string>;
  /** What was picked and why, for pipelines that presets are for. */
  readonly preset: PresetChoice | null;
}

/** What `resolve` lays over each other. */
export interface Layers {
  readonly commandLine: Given;
  readonly config: Given;
  /** The options of the run that is gone on with. */
  readonly saved: Given | null;
  readonly machine: Machine;
}

/** Options about this one typing, which a run does not remember. */
const ofTheMoment = new Set(
  "out resume config preset workers quiet json color logEvery profile trace dryRun help".split(" "),
);

/** Lays the layers over each other. Throws UsageError on an unknown preset and on options that do not go together. */
export function resolve(
  { options, presets }: { readonly options: Options; readonly presets?: Presets | undefined },
  layers: Layers,
): Resolved {
  const { commandLine, config, saved, machine } = layers;
  const named = commandLine.get("preset") ?? config.get("preset") ?? "auto";
  const preset = presets === undefined ? null : choosePreset(String(named), { presets, machine });
  const ofPreset: Given = presets === undefined || preset === null
    ? new Map()
    : fromRecord(presets.byName[preset.name].options, options, {
      where: `in preset ${preset.name}`,
      strangers: "skip",
    });
  const remembered: Given = new Map([...saved ?? []].filter(([name]) => !ofTheMoment.has(name)));
  const order: [string, Given][] = [[`preset ${preset?.name}`, ofPreset], ["the run so far", remembered]];
  if (named !== "auto") order.reverse();
  order.push(["config file", config], ["command line", commandLine]);

  const values: Record<string, unknown> = {};
  const origin = new Map<string, string>();
  for (const [name, option] of Object.entries(options)) {
    values[name] = option.value;
    origin.set(name, "default");
  }
  const dropped = new Map<string, unknown>();
  for (const [from, given] of order) {
    for (const name of replacedBy(given, options)) {
      if (values[name] !== null) dropped.set(name, values[name]);
      values[name] = null;
      origin.set(name, from);
    }
    for (const [name, value] of given) {
      values[name] = value;
      origin.set(name, from);
    }
  }
  checkTogether(options, { values, commandLine });
  if (preset !== null) values.preset = preset.name;
  if (saved === null) {
    for (const [name, { atStart }] of Object.entries(options)) {
      if (atStart !== undefined) values[name] ??= atStart(values, dropped);
    }
  }
  return { values, origin, preset };
}

/** Names of the options whose values are dropped where others are given. */
function replacedBy(given: Given, options: Options): ReadonlySet<string> {
  const names = new Set<string>();
  for (const [name, value] of given) {
    if (value === null) continue;
    for (const other of options[name].replaces ?? []) names.add(other);
    if (options[name].limits !== undefined) { for (const other of limitsOf(options)) names.add(other); }
  }
  return new Set([...names].filter((name) => name in options && !given.has(name)));
}

/** Names of the options that say when a run ends. */
export function limitsOf(options: Options): readonly string[] {
  return Object.keys(options).filter((name) => options[name].limits !== undefined);
}

/** Refuses what was typed and does nothing here; what a preset or another run's file says may. */
function checkTogether(
  options: Options,
  { values, commandLine }: {
    readonly values: Readonly<Record<string, unknown>>;
    readonly commandLine: Given;
  },
): void {
  for (const [name, value] of commandLine) {
    const need = options[name]?.onlyWith;
    if (need === undefined || !(need.option in values) || need.is(values[need.option])) continue;
    throw new UsageError(
      `${show(name, value)} does nothing with ${
        show(need.option, values[need.option])
      }: wanted ${need.wanted}`,
    );
  }
}

/** Refuses what would make the run another one. Throws UsageError naming the option and both values. */
export function checkFixed(
  resolved: Resolved,
  { options, saved, out }: { readonly options: Options; readonly saved: Given; readonly out: string },
): void {
  for (const [name, option] of Object.entries(options)) {
    if (!option.fixed || !saved.has(name)) continue;
    const [now, before] = [resolved.values[name], saved.get(name)];
    if (JSON.stringify(now) === JSON.stringify(before)) continue;
    throw new UsageError(
      `Cannot go on in ${out} with ${show(name, now)}: the run was begun with ${
        show(name, before)
      }: leave the option out to go on, or begin anew with another --out or --resume never`,
    );
  }
}

/** An option with its value as it would be typed: "--grad-accum 4", "--no-color", "--tokens unset". */
export function show(name: string, value: unknown): string {
  const flag = flagOf(name);
  if (typeof value === "boolean") return value ? `--${flag}` : `--no-${flag}`;
  if (value === null) return `--${flag} unset`;
  const text = Array.isArray(value) ? value.join(",") : String(value);
  return `--${flag} ${/^[\w./:+,-]+$/.test(text) ? text : JSON.stringify(text)}`;
}
