/**
 * Chooses a kernel for every call that has several: the one chosen earlier, if there is one, otherwise the
 * one that is fastest when timed.
 *
 * @module
 */
import { callKey } from "../../core/op.ts";
import type { Gpu } from "../../core/gpu.ts";
import type { Call } from "../../core/graph.ts";
import type { Program } from "../../core/program.ts";
import type { KernelChoices } from "./tuning.ts";

/**
 * Calls of fewer FLOPs are not timed: launching such a call on a GPU takes a few microseconds, longer than
 * computing it.
 */
const LEAST_FLOPS = 5e5;

/** Options of `tuneKernels`. */
export interface TuneOptions {
  readonly gpu: Gpu;
  /** Choices of earlier runs. */
  readonly known: KernelChoices;
  /** Receives one line of text before timing and one after it; not called if all choices are known. */
  report?(text: string): void;
  /**
   * Measures the time, in seconds, of each variant of a call that works on this GPU; the map is empty if none
   * works.
   */
  time(call: Call, names: readonly string[]): Promise<ReadonlyMap<string, number>>;
}

/**
 * Returns the variant to run for every call of at least 5e5 FLOPs whose op has several variants. A known
 * choice that is still a variant of the call is kept. Calls with the same key are timed once; if several
 * variants are equally fast, the first in `Op.variants` is chosen.
 */
export async function tuneKernels(
  programs: readonly Program[],
  { gpu, known, report, time }: TuneOptions,
): Promise<KernelChoices> {
  const choices = new Map<string, string>();
  const unknown = new Map<string, { readonly call: Call; readonly names: readonly string[] }>();
  for (const call of programs.flatMap(({ calls }) => calls)) {
    const names = call.op.variants?.(call, gpu) ?? [], key = callKey(call);
    if (
      names.length < 2 || (call.op.flops?.(call) ?? 0) < LEAST_FLOPS || choices.has(key) || unknown.has(key)
    ) continue;
    const choice = known.get(key);
    if (choice !== undefined && names.includes(choice)) choices.set(key, choice);
    else unknown.set(key, { call, names });
  }
  if (unknown.size === 0) return choices;
  const kernels = [...unknown.values()].reduce((sum, { names }) => sum + names.length, 0);
  report?.(`timing ${kernels} kernels for ${unknown.size} shapes of products, once`);
  const began = performance.now();
  for (const [key, { call, names }] of unknown) {
    const seconds = await time(call, names);
    const of = (name: string) => seconds.get(name) ?? Infinity;
    choices.set(key, names.reduce((best, name) => of(name) < of(best) ? name : best));
  }
  report?.(`timed ${unknown.size} shapes in ${((performance.now() - began) / 1000).toFixed(1)} s`);
  return choices;
}
