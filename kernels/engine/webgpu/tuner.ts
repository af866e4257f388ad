/**
 * Which of its kernels each call runs on a GPU: as is known, else the fastest of those that were timed.
 *
 * @module
 */
import { callKey, type Gpu } from "../../core/gpu.ts";
import type { Call } from "../../core/op.ts";
import type { Program } from "../../core/program.ts";

/** Below it most of a call's time is its launch, some microseconds on a GPU, whichever kernel it is: there is nothing to time. */
const LEAST_FLOPS = 5e5;

/** What choosing needs. */
export interface TuneOptions {
  readonly gpu: Gpu;
  /** `callKey()` → variant, from earlier. */
  readonly known: ReadonlyMap<string, string>;
  /** Hears how many calls are timed, and that they are; nothing where all are known. */
  tell?(text: string): void;
  /** Seconds of each variant of a call that works here; none works: an empty map. */
  time(call: Call, names: readonly string[]): Promise<ReadonlyMap<string, number>>;
}

/**
 * `callKey()` → variant for every call of programs that takes 5e5 operations and whose op has several. What is known and still a variant here stays;
 * calls of one key are timed once. Of equals the first in `Op.variants` is chosen.
 */
export async function tuneKernels(
  programs: readonly Program[],
  { gpu, known, tell, time }: TuneOptions,
): Promise<ReadonlyMap<string, string>> {
  const choices = new Map<string, string>();
  const unknown = new Map<string, { readonly call: Call; readonly names: readonly string[] }>();
  for (const call of programs.flatMap(({ calls }) => calls)) {
    const names = call.op.variants?.(call, gpu) ?? [], key = callKey(call);
    if (
      names.length < 2 || (call.op.flops?.(call) ?? 0) < LEAST_FLOPS || choices.has(key) || unknown.has(key)
    ) continue;
    const before = known.get(key);
    if (before !== undefined && names.includes(before)) choices.set(key, before);
    else unknown.set(key, { call, names });
  }
  if (unknown.size === 0) return choices;
  const kernels = [...unknown.values()].reduce((sum, { names }) => sum + names.length, 0);
  tell?.(`timing ${kernels} kernels for ${unknown.size} shapes of products, once`);
  const began = performance.now();
  for (const [key, { call, names }] of unknown) {
    const seconds = await time(call, names);
    const of = (name: string) => seconds.get(name) ?? Infinity;
    choices.set(key, names.reduce((best, name) => of(name) < of(best) ? name : best));
  }
  tell?.(`timed ${unknown.size} shapes in ${((performance.now() - began) / 1000).toFixed(1)} s`);
  return choices;
}
