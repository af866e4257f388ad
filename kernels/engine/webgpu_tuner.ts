/**
 * Which of its kernels each call runs on a GPU: as is known, else the fastest of those that were timed.
 *
 * @module
 */
import { callKey, type Gpu } from "../core/gpu.ts";
import type { Call } from "../core/op.ts";
import type { Program } from "../core/program.ts";

/** What choosing needs. */
export interface TuneOptions {
  readonly gpu: Gpu;
  /** `callKey()` → variant, from earlier. */
  readonly known: ReadonlyMap<string, string>;
  /** Seconds of each variant of a call that works here; none works: an empty map. */
  time(call: Call, names: readonly string[]): Promise<ReadonlyMap<string, number>>;
}

/**
 * `callKey()` → variant for every call of programs whose op has several. What is known and still a variant here stays;
 * calls of one key are timed once. Of equals the first in `Op.variants` is chosen.
 */
export async function tuneKernels(
  programs: readonly Program[],
  { gpu, known, time }: TuneOptions,
): Promise<ReadonlyMap<string, string>> {
  const choices = new Map<string, string>();
  for (const call of programs.flatMap(({ calls }) => calls)) {
    const names = call.op.variants?.(call, gpu) ?? [], key = callKey(call);
    if (names.length < 2 || choices.has(key)) continue;
    const before = known.get(key);
    if (before !== undefined && names.includes(before)) {
      choices.set(key, before);
      continue;
    }
    const seconds = await time(call, names);
    const of = (name: string) => seconds.get(name) ?? Infinity;
    choices.set(key, names.reduce((best, name) => of(name) < of(best) ? name : best));
  }
  return choices;
}
