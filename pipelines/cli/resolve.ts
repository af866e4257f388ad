/**
 * Resolves every option to one value. Each origin in this list overrides the origins before it: the default,
 * the preset that `auto` picks, the run that is resumed, a preset given by name, the config file, the command
 * line.
 *
 * @module
 */
import { fromRecord, type GivenValues } from "./command_line.ts";
import { requirementsOf } from "./effect.ts";
import type { Machine } from "./machine.ts";
import type { Options } from "./pipeline.ts";
import { choosePreset, type PresetChoice, type Presets } from "./presets.ts";
import { flagOf, optionText } from "../../stages/report/option_text.ts";
import { UsageError } from "../../stages/run/usage_error.ts";

/** Every option's value, and where it came from. */
export interface ResolvedOptions {
  readonly values: Readonly<Record<string, unknown>>;
  /** Origin of each value: "default", "preset tiny", "the run so far", "config file", "command line". */
  readonly origin: ReadonlyMap<string, string>;
  /** The preset in use; null for a pipeline without presets. */
  readonly preset: PresetChoice | null;
}

/** The origins of values, except defaults and presets. */
export interface ValueLayers {
  readonly commandLine: GivenValues;
  readonly config: GivenValues;
  /** Option values of the run that is resumed; null for a new run. */
  readonly saved: GivenValues | null;
  /** The machine that `--preset auto` picks a preset for. */
  readonly machine: Machine;
}

/** Returns whether an option was given for this command, on the command line or in the config file. */
export function isTyped(origins: ResolvedOptions["origin"]): (option: string) => boolean {
  return (option) => ["config file", "command line"].includes(origins.get(option) ?? "");
}

/** Options that apply to one command only. A resumed run does not keep their earlier values. */
export const perCommandOptions: ReadonlySet<string> = new Set(
  "out resume config preset workers quiet json color logEvery profile trace dryRun machine help distributed distributedTimeout overlap"
    .split(" "),
);

/**
 * Resolves all options. Throws UsageError for an unknown preset, and for an option that has no effect with
 * the values of the other options.
 */
export function resolve(
  { options, presets }: { readonly options: Options; readonly presets?: Presets | undefined },
  layers: ValueLayers,
): ResolvedOptions {
  const { commandLine, config, saved, machine } = layers;
  const asked = String(commandLine.get("preset") ?? config.get("preset") ?? "auto");
  // A saved null, or an empty list, is an option that the run does without.
  const isGiven = (name: string) =>
    [commandLine, config, saved].some((given) => {
      const value = given?.get(name) ?? null;
      return value !== null && !(Array.isArray(value) && value.length === 0);
    });
  const preset = presets === undefined ? null : choosePreset(asked, { presets, machine, isGiven });
  const ofPreset: GivenValues = presets === undefined || preset === null
    ? new Map()
    : fromRecord(presets.byName[preset.name].options, options, {
      where: `in preset ${preset.name}`,
      unknown: "skip",
    });
  const remembered: GivenValues = new Map([...saved ?? []].filter(([name]) => !perCommandOptions.has(name)));
  const order: [origin: string, GivenValues][] = [
    [`preset ${preset?.name}`, ofPreset],
    ["the run so far", remembered],
  ];
  if (asked !== "auto") order.reverse();
  order.push(["config file", config], ["command line", commandLine]);

  const values: Record<string, unknown> = {};
  const origin = new Map<string, string>();
  for (const [name, option] of Object.entries(options)) {
    values[name] = option.value;
    origin.set(name, "default");
  }
  for (const [from, given] of order) {
    for (const name of droppedBy(given, options)) {
      values[name] = null;
      origin.set(name, from);
    }
    const before = { ...values };
    for (const [name, value] of given) {
      values[name] = value;
      origin.set(name, from);
    }
    for (const [name, { shareOf }] of Object.entries(options)) {
      if (shareOf === undefined || !given.has(shareOf) || given.has(name)) continue;
      values[name] = sameShare(before[name], { before: before[shareOf], now: values[shareOf] });
    }
  }
  checkRequirements(options, { values, commandLine });
  if (preset !== null) values.preset = preset.name;
  if (saved === null) {
    for (const [name, { atStart }] of Object.entries(options)) {
      if (atStart !== undefined) values[name] ??= atStart(values);
    }
  }
  return { values, origin, preset };
}

/**
 * Returns a value that is the same share of `now` as `value` was of `before`. Returns null, the default, if
 * that cannot be told, and null stays null.
 */
function sameShare(
  value: unknown,
  { before, now }: { readonly before: unknown; readonly now: unknown },
): number | null {
  if (typeof value !== "number" || typeof before !== "number" || typeof now !== "number") return null;
  if (now === before) return value;
  if (before === 0) return null;
  const scaled = Number((value * now / before).toPrecision(12)); // 3e-5, not 2.9999999999999997e-5
  return value <= before ? Math.min(scaled, now) : scaled;
}

/** Returns the names of the options whose values are dropped because other options were given. */
function droppedBy(given: GivenValues, options: Options): readonly string[] {
  const names = new Set<string>();
  for (const [name, value] of given) {
    if (value === null) continue;
    const { replaces = [], limits } = options[name];
    for (const other of replaces) names.add(other);
    if (limits !== undefined) { for (const other of limitsOf(options)) names.add(other); }
  }
  return [...names].filter((name) => name in options && !given.has(name));
}

/** Returns the names of the options that limit the length of a run. */
export function limitsOf(options: Options): readonly string[] {
  return Object.keys(options).filter((name) => options[name].limits !== undefined);
}

/**
 * Throws UsageError for an option on the command line that has no effect. Presets and config files are not
 * checked: they may contain such options.
 */
function checkRequirements(
  options: Options,
  { values, commandLine }: {
    readonly values: Readonly<Record<string, unknown>>;
    readonly commandLine: GivenValues;
  },
): void {
  for (const [name, value] of commandLine) {
    for (const required of requirementsOf(options[name])) {
      if (!(required.option in values)) continue;
      const actual = values[required.option];
      if (required.accepts(actual, { own: value, values })) continue;
      const state = actual === null || actual === false || Array.isArray(actual) && actual.length === 0
        ? `without --${flagOf(required.option)}`
        : `with ${optionText(required.option, actual)}`;
      throw new UsageError(`${optionText(name, value)} does nothing ${state}: it needs ${required.typed}`);
    }
  }
}

/** Throws UsageError if a resumed run would get another value of a fixed option. */
export function checkFixed(
  resolved: ResolvedOptions,
  { options, saved, out }: { readonly options: Options; readonly saved: GivenValues; readonly out: string },
): void {
  for (const [name, { fixed }] of Object.entries(options)) {
    if (!fixed || !saved.has(name)) continue;
    const [now, before] = [resolved.values[name], saved.get(name)];
    if (JSON.stringify(now) === JSON.stringify(before)) continue;
    throw new UsageError(
      `Cannot resume ${out} with ${optionText(name, now)}: the run was started with ${
        optionText(name, before)
      }: leave the option out to resume, or start a new run with another --out or --resume never`,
    );
  }
}
