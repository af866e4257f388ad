/**
 * Whether a run fits into the memory that a tab may use, and what to choose if it does not.
 *
 * @module
 */
import type { Plan } from "../../../../stages/model/plan.ts";
import { type NumberSetting, ranges, type Settings } from "../settings.ts";
import { planOf } from "./run.ts";

const GIB = 1024 ** 3;
const longestTable = 4 * GIB - 64 * 1024 ** 2; // 32-bit addresses, less what the threads need themselves

/**
 * Returns the bytes that a tab may use: half of the machine's memory as far as the browser tells it
 * (`navigator.deviceMemory`, in GiB, at most 8), and what 32-bit addresses reach; 2 GiB if it tells nothing.
 */
export function tabLimit(deviceMemory: number | undefined): number {
  return Math.min(longestTable, (deviceMemory ?? 4) * GIB / 2);
}

/** Returns the bytes of a plan: those on the device, and the weights that the host holds meanwhile. */
export function bytesOf({ memory, parameterCount }: Plan): number {
  return Object.values(memory).reduce((sum, bytes) => sum + bytes, 0) + 4 * parameterCount;
}

/** Throws RangeError if a model that does not train needs more than `limit` bytes. */
export function checkFits(plan: Plan, limit: number): void {
  const bytes = bytesOf(plan);
  if (bytes <= limit) return;
  throw new RangeError(
    `This model needs ${gigabytes(bytes)}, and this tab may use ${gigabytes(limit)}: give a smaller model, ` +
      "or use it with deno task pipeline sample",
  );
}

/**
 * Returns the plan of a run. Throws RangeError if it needs more than `limit` bytes; the message names
 * settings that need less.
 */
export function fittingPlan(
  settings: Settings,
  { vocabSize, limit }: { readonly vocabSize: number; readonly limit: number },
): Plan {
  const needed = leastBytes(settings, vocabSize);
  const bytes = needed > limit ? needed : bytesOf(planOf(settings, vocabSize));
  if (bytes <= limit) return planOf(settings, vocabSize);
  throw new RangeError(
    `This run needs ${gigabytes(bytes)}, and this tab may use ${gigabytes(limit)}: ` +
      `choose ${advice(settings, { vocabSize, limit })}`,
  );
}

/** Settings that make a run smaller, in the order in which they are offered. */
const shrinking = ["batch", "context", "layers", "channels"] as const;

/** Returns what to choose: one setting of several, or all of them if none alone is enough. */
function advice(
  settings: Settings,
  options: { readonly vocabSize: number; readonly limit: number },
): string {
  const alone = shrinking.map((name) => shrunk(settings, [name], options)).filter((found) => found !== null);
  if (alone.length > 0) {
    return alone.slice(0, 3).map((found) => changes(settings, found)).join(", or ");
  }
  const together = shrunk(settings, shrinking, options);
  return together === null ? "a smaller vocabulary" : changes(settings, together);
}

/** Halves settings until the run fits; null if it never does. */
function shrunk(
  settings: Settings,
  names: readonly NumberSetting[],
  { vocabSize, limit }: { readonly vocabSize: number; readonly limit: number },
): Settings | null {
  for (let smaller = settings;;) {
    const next = { ...smaller };
    for (const name of names) next[name] = halved(name, smaller);
    if (names.every((name) => next[name] === smaller[name])) return null;
    smaller = next;
    const fits = leastBytes(smaller, vocabSize) <= limit && bytesOf(planOf(smaller, vocabSize)) <= limit;
    if (fits) return smaller;
  }
}

function halved(name: NumberSetting, { heads, ...settings }: Settings): number {
  const value = Reflect.get(settings, name), unit = name === "channels" ? heads : 1;
  const half = Math.floor(value / 2 / unit) * unit;
  return half >= Math.max(unit, ranges[name].min) ? half : value;
}

/** Returns "a batch of 8 and 2 layers": the settings of `found` that differ. */
function changes(settings: Settings, found: Settings): string {
  const texts = shrinking.filter((name) => found[name] !== settings[name]).map((name) => {
    return name === "batch" || name === "context" ? `a ${name} of ${found[name]}` : `${found[name]} ${name}`;
  });
  return texts.length < 2 ? texts.join() : `${texts.slice(0, -1).join(", ")} and ${texts.at(-1)}`;
}

/**
 * Returns a lower bound of a run's bytes without planning it: parameters with gradients and moments, and the
 * activations that every block keeps. A plan of the largest settings would itself take long.
 */
function leastBytes({ layers, channels, context, batch }: Settings, vocabSize: number): number {
  const parameters = 12 * layers * channels ** 2 + (vocabSize + context) * channels;
  return 4 * (4 * parameters + 10 * layers * batch * context * channels);
}

function gigabytes(bytes: number): string {
  return `${(bytes / GIB).toFixed(1)} GB`;
}
