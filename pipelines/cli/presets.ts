/**
 * Presets: named sets of option values, which a pipeline offers under `--preset`.
 *
 * @module
 */
import { nearest } from "./args.ts";
import type { Machine } from "./machine.ts";
import { UsageError } from "../../stages/run/usage_error.ts";

/** Option values, as in a config file; the key is the option's name. */
export type Preset = Readonly<Record<string, number | string | boolean>>;

/** A preset's option values and its line in --help. */
export interface DescribedPreset {
  /** Help text: one phrase in lower case. */
  readonly about: string;
  /** Option values of the preset. */
  readonly options: Preset;
}

/** The name of a preset, and why it was chosen. */
export interface PresetChoice {
  /** Name of the preset. */
  readonly name: string;
  /** Reason, as the run's first line prints it. */
  readonly why: string;
}

/** The presets of a pipeline. */
export interface Presets {
  /** Presets by name. */
  readonly byName: Readonly<Record<string, DescribedPreset>>;
  /** Picks the preset that `--preset auto` means on a machine; `isGiven` tells whether an option is given. */
  pick(machine: Machine, isGiven: (option: string) => boolean): PresetChoice;
}

/** Returns the preset that `--preset NAME` selects. Throws UsageError if no preset has the name. */
export function choosePreset(
  name: string,
  { presets, machine, isGiven }: {
    readonly presets: Presets;
    readonly machine: Machine;
    readonly isGiven: (option: string) => boolean;
  },
): PresetChoice {
  if (name === "auto") return presets.pick(machine, isGiven);
  if (Object.hasOwn(presets.byName, name)) return { name, why: "asked for" };
  const names = Object.keys(presets.byName);
  const near = nearest(name, names);
  throw new UsageError(
    `Unknown preset ${JSON.stringify(name)}: expected one of auto, ${names.join(", ")}${
      near === null ? "" : `: did you mean ${near}?`
    }`,
  );
}
