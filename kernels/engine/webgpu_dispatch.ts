/// <reference types="@webgpu/types" />
/**
 * One call of a program as the GPU repeats it: its pipeline, its bind group, its workgroups.
 *
 * @module
 */
import { bindings, type Call } from "../core/op.ts";
import type { Program } from "../core/program.ts";
import type { WebgpuDevice } from "./webgpu_device.ts";
import type { WebgpuMemory } from "./webgpu_memory.ts";

/** All that a call needs at a run. */
export interface Dispatch {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly workgroups: readonly [number, number, number];
}

/**
 * Compiles a call's kernel and binds its memory. Throws SyntaxError where its WGSL does not compile, RangeError where
 * it needs more workgroups than the device takes.
 */
export async function prepare(
  call: Call,
  { device, memory, program }: { device: WebgpuDevice; memory: WebgpuMemory; program: Program },
): Promise<Dispatch> {
  const { limits } = device.device;
  const { code, workgroups } = call.op.wgsl(call, limits);
  const label = `${call.op.name} (${call.outputs[0].label}) of ${program.name}`;
  const most = limits.maxComputeWorkgroupsPerDimension;
  if (workgroups.some((n) => n > most)) {
    throw new RangeError(
      `Cannot dispatch ${label}: ${
        workgroups.join(" x ")
      } workgroups, ${device.description} takes ${most} each ` +
        "way: choose a smaller batch or sequence length",
    );
  }
  const tensors = bindings(call);
  const pipeline = await device.pipeline(code, { label, bindings: tensors.length });
  const group = device.device.createBindGroup({
    layout: device.layout(tensors.length).group,
    entries: tensors.map((t, binding) => ({ binding, resource: memory.binding(program, t) })),
  });
  return { pipeline, group, workgroups };
}
