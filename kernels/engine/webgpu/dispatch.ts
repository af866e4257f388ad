/// <reference types="@webgpu/types" />
/**
 * One call of a program as the GPU repeats it: pipelines, bind group, workgroups of its dispatches.
 *
 * @module
 */
import type { Gpu } from "../../core/gpu.ts";
import { bindings } from "../../core/op.ts";
import type { Call } from "../../core/graph.ts";
import { dispatchesOf, scratchOf } from "../../core/wgsl.ts";
import type { Program } from "../../core/program.ts";
import type { WebgpuDevice } from "./device.ts";
import type { WebgpuMemory } from "./memory.ts";

/** All that a kernel needs at a run. */
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
  { device, gpu, memory, program }: {
    readonly device: WebgpuDevice;
    readonly gpu: Gpu;
    readonly memory: WebgpuMemory;
    readonly program: Program;
  },
): Promise<readonly Dispatch[]> {
  const kernel = call.op.wgsl(call, gpu);
  const label = `${call.op.name} (${call.outputs[0].label}) of ${program.name}`;
  const resources = bindings(call).map((t) => memory.binding(program, t));
  if (scratchOf(kernel) > 0) resources.push(memory.scratch(scratchOf(kernel)));
  const group = device.device.createBindGroup({
    layout: device.layout(resources.length).group,
    entries: resources.map((resource, binding) => ({ binding, resource })),
  });
  return await Promise.all(
    dispatchesOf(kernel).map(async ({ code, workgroups }) => {
      const most = gpu.limits.maxComputeWorkgroupsPerDimension;
      if (workgroups.some((n) => n > most)) {
        throw new RangeError(
          `Cannot dispatch ${label}: ${
            workgroups.join(" x ")
          } workgroups, ${device.description} takes ${most} ` +
            "each way: choose a smaller batch or sequence length",
        );
      }
      return {
        pipeline: await device.pipeline(code, { label, bindings: resources.length }),
        group,
        workgroups,
      };
    }),
  );
}
