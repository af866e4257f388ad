/**
 * Which options act in a pipeline and on a device, and on which other options an option depends.
 *
 * @module
 */
import { flagOf } from "../../stages/report/option_text.ts";
import type { GivenValues } from "./command_line.ts";
import type { Machine } from "./machine.ts";
import type { Option, OptionRequirement, Options, Pipeline, SparedOption } from "./pipeline.ts";
import { UsageError } from "../../stages/run/usage_error.ts";

/** Why an option of every pipeline does nothing in one of them: the end of a sentence about it. */
const reasons: Readonly<Record<SparedOption | "preset" | "machine" | "ui" | "events", string>> = {
  out: "it writes no run folder",
  resume: "it keeps no checkpoints and is typed again instead",
  seed: "it draws no random numbers",
  device: "nothing in it runs on a device that could be chosen",
  workers: "it runs on one thread",
  blas: "nothing in it multiplies matrices with a BLAS",
  tune: "nothing in it runs on a GPU",
  logEvery: "it takes no steps",
  quiet: "it prints nothing but its result",
  json: "it prints no events",
  preset: "it has no presets",
  ui: "it keeps no events that a page could show",
  events: "it keeps no events that could be posted",
  machine: "it plans no model whose time could be estimated",
};

/** Returns the options that do nothing in a pipeline, each with the reason. */
export function sparedOptions(
  { spares = [], presets, writes, options, estimates = false }: Pick<
    Pipeline<Options>,
    "spares" | "presets" | "writes" | "options" | "estimates"
  >,
): ReadonlyMap<string, string> {
  const names: (keyof typeof reasons)[] = [...spares];
  const isOwn = (name: string): boolean => Object.hasOwn(options, name); // a pipeline's own option acts
  if (presets === undefined && !isOwn("preset")) names.push("preset");
  if (!estimates && !isOwn("machine")) names.push("machine");
  if (writes === false) {
    names.push(...(["resume", "ui", "events"] as const).filter((name) => !isOwn(name)));
  }
  return new Map(names.map((name) => [name, reasons[name]]));
}

/** Throws UsageError for an option on the command line that does nothing in the pipeline called `typed`. */
export function checkSpared(
  given: GivenValues,
  { spared, typed }: { readonly spared: ReadonlyMap<string, string>; readonly typed: string },
): void {
  for (const name of given.keys()) {
    const why = spared.get(name);
    if (why === undefined) continue;
    throw new UsageError(`--${flagOf(name)} does nothing in ${typed}: ${why}: leave it out`);
  }
}

/**
 * Returns the options that do nothing on the device of a run, each with the reason and with what to type
 * instead.
 */
export function idleOnDevice(
  { workersFor }: Pick<Pipeline<Options>, "workersFor">,
  { device }: Machine,
): ReadonlyMap<string, string> {
  if (device === "cpu") {
    const why = "on the CPU, which this run computes on: it times a GPU's kernels";
    return new Map([["tune", `${why}: leave it out, or add --device webgpu`]]);
  }
  const onGpu = "on WebGPU, which this run computes on", instead = "leave it out, or add --device cpu";
  return new Map([
    ["blas", `${onGpu}: it multiplies on the CPU: ${instead}`],
    ...(workersFor === "engine"
      ? [["workers", `${onGpu}: its threads compute on the CPU: ${instead}`] as const]
      : []),
  ]);
}

/** Throws UsageError for an option on the command line that does nothing on the device of the run. */
export function checkDevice(given: GivenValues, idle: ReadonlyMap<string, string>): void {
  for (const [name, why] of idle) {
    if (given.has(name)) throw new UsageError(`--${flagOf(name)} does nothing ${why}`);
  }
}

/** Returns the requirements of an option as a list. */
export function requirementsOf({ requires = [] }: Option<unknown>): readonly OptionRequirement[] {
  return "option" in requires ? [requires] : requires;
}
