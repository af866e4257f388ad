/**
 * The doctor's timing of kernel variants for the products of a training step.
 *
 * @module
 */
import { callKey } from "../../kernels/core/op.ts";
import type { Call } from "../../kernels/core/graph.ts";
import type { Program } from "../../kernels/core/program.ts";
import { findAdapter, WebgpuDevice } from "../../kernels/engine/webgpu/device.ts";
import { timeVariants } from "../../kernels/engine/webgpu/timing.ts";
import type { TuningStore } from "../../kernels/engine/webgpu/tuning.ts";
import type { DoctorReport } from "./report.ts";

/** Options of `tuneStep`. */
export interface StepTuning {
  /** Most shapes to time, those with the most FLOPs first. */
  readonly most: number;
  /** Most variants of each shape, the untried one first. */
  readonly variants: number;
  /** Keeps the fastest variants; default: they are only reported. */
  readonly store?: TuningStore | undefined;
}

/** Times the variants of the products of `programs`: the one that runs untried, and the fastest. */
export async function tuneStep(
  programs: readonly Program[],
  { most, variants, store }: StepTuning,
): Promise<DoctorReport["tuning"]> {
  const adapter = await findAdapter();
  if (adapter === null) return [];
  const device = await WebgpuDevice.request(adapter);
  try {
    const work = new Map<string, { readonly call: Call; flops: number }>();
    for (const call of programs.flatMap(({ calls }) => calls)) {
      if ((call.op.variants?.(call, device.gpu).length ?? 0) < 2) continue;
      const key = callKey(call), known = work.get(key), flops = call.op.flops?.(call) ?? 0;
      if (known === undefined) work.set(key, { call, flops });
      else known.flops += flops;
    }
    const found: DoctorReport["tuning"][number][] = [], choices = new Map<string, string>();
    for (const { call } of [...work.values()].sort((a, b) => b.flops - a.flops).slice(0, most)) {
      const names = call.op.variants!(call, device.gpu).slice(0, variants);
      const seconds = await timeVariants(device, call, names);
      const [best] = [...seconds].sort(([, a], [, b]) => a - b);
      if (best === undefined) continue; // too large to be timed beside the rest
      choices.set(callKey(call), best[0]);
      found.push({
        call: `${call.op.name} ${call.inputs.map(({ shape }) => `[${shape}]`).join(" ")}`,
        untried: names[0],
        untriedMilliseconds: 1000 * (seconds.get(names[0]) ?? NaN),
        best: best[0],
        bestMilliseconds: 1000 * best[1],
      });
    }
    await store?.add(adapter.key, choices);
    return found;
  } finally {
    await device.destroy();
  }
}
