/**
 * Layers of values: default < preset that `auto` picked < what the run began with < preset named < config file <
 * command line.
 *
 * @module
 */
import { nearest } from "./args.ts";
import { flagOf, fromRecord, type Given } from "./command_line.ts";
import type { Options } from "./pipeline.ts";
import { type Machine, pickPreset, presets } from "../parts/presets.ts";
import { UsageError } from "./usage_error.ts";

/** Every option's value, and where it came from. */
export interface Resolved {
  readonly values: Readonly<Record<string, unknown>>;
  /** "default", "preset tiny", "the run so far", "config file", "command line". */
  readonly origin: ReadonlyMap<string, string>;
  /** What was picked and why, for pipelines that presets are for. */
  readonly preset: { readonly name: string; readonly why: string } | null;
}

/** What `resolve` lays over each other. */
export interface Layers {
  readonly commandLine: Given;
  readonly config: Given;
  /** The options of the run that is gone on with. */
  readonly saved: Given | null;
  readonly machine: Machine;
}

/** Of these only one can be meant: giving one takes back what a lower layer said of the others. */
const alternatives = [["steps", "epochs", "tokens", "timeLimit"], ["gradAccum", "totalBatchTokens"]];

/** Options about this one typing, which a run does not remember. */
const ofTheMoment = new Set(
  "out resume config preset workers quiet json color logEvery profile trace dryRun help".split(" "),
);

/** Options that say when a run ends: another value lets a finished run go on. */
export const goals: readonly string[] = alternatives[0];

/** Lays the layers over each other. Throws UsageError on an unknown preset and on options that do not go together. */
export function resolve(options: Options, layers: Layers): Resolved {
  const { commandLine, config, saved, machine } = layers;
  const named = commandLine.get("preset") ?? config.get("preset") ?? "auto";
  const picked = "layers" in options ? pick(String(named), machine) : null;
  const preset: Given = picked === null ? new Map() : presetFor(picked.name, options);
  const remembered: Given = new Map([...saved ?? []].filter(([name]) => !ofTheMoment.has(name)));
  const ofPreset: [string, Given] = [`preset ${picked?.name}`, preset];
  const order: [string, Given][] = named === "auto"
    ? [ofPreset, ["the run so far", remembered]]
    : [["the run so far", remembered], ofPreset];
  order.push(["config file", config], ["command line", commandLine]);

  const values: Record<string, unknown> = {};
  const origin = new Map<string, string>();
  for (const [name, option] of Object.entries(options)) {
    values[name] = option.value;
    origin.set(name, "default");
  }
  let displacedSteps: unknown = null;
  for (const [from, given] of order) {
    for (const group of alternatives) {
      if (!group.some((name) => given.has(name) && given.get(name) !== null)) continue;
      for (const name of group.filter((name) => name in values && !given.has(name))) {
        if (name === "steps") displacedSteps = values[name];
        values[name] = null;
        origin.set(name, from);
      }
    }
    for (const [name, value] of given) {
      values[name] = value;
      origin.set(name, from);
    }
  }
  checkTogether(options, { values, commandLine });
  if (picked !== null) values.preset = picked.name;
  // The schedule keeps the length it begins with, however far the run is taken later.
  if ("scheduleSteps" in values && values.scheduleSteps === null && saved === null) {
    values.scheduleSteps = values.steps ?? (values.timeLimit === null ? null : displacedSteps);
  }
  return { values, origin, preset: picked };
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

/** What a preset says of these options; of the vocabulary's size only to what makes the vocabulary. */
function presetFor(name: string, options: Options): Given {
  const given = fromRecord(presets[name].options, options, { where: `in preset ${name}`, strangers: "skip" });
  return new Map([...given].filter(([option]) => option !== "vocabSize" || "tokenizer" in options));
}

function pick(name: string, machine: Machine): { readonly name: string; readonly why: string } {
  if (name === "auto") return pickPreset(machine);
  if (Object.hasOwn(presets, name)) return { name, why: "asked for" };
  const names = Object.keys(presets);
  const near = nearest(name, names);
  throw new UsageError(
    `Unknown preset ${JSON.stringify(name)}: expected one of auto, ${names.join(", ")}${
      near === null ? "" : `: did you mean ${near}?`
    }`,
  );
}
