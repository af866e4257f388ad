/// <reference types="@webgpu/types" />
/**
 * Compiles one call of a program into dispatches: pipeline, bind group and workgroups.
 *
 * @module
 */
import { boundKernel } from "../../core/bound_kernel.ts";
import type { Gpu } from "../../core/gpu.ts";
import type { Call } from "../../core/graph.ts";
import type { Program } from "../../core/program.ts";
import type { WebgpuDevice } from "./device.ts";
import type { WebgpuMemory } from "./memory.ts";

/** One dispatch, ready to be encoded. */
export interface Dispatch {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly workgroups: readonly [number, number, number];
}

/**
 * Compiles a call's WGSL kernel and binds its memory. Throws SyntaxError if the WGSL does not compile, and
 * RangeError if the kernel needs more workgroups than the device allows.
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
  const { dispatches, tensors, scratchBytes } = boundKernel(call, gpu);
  const label = `${call.op.name} (${call.outputs[0].label}) of ${program.name}`;
  const resources = tensors.map((t) => memory.binding(program, t));
  if (scratchBytes > 0) resources.push(memory.scratch(scratchBytes));
  const group = device.device.createBindGroup({
    layout: device.layout(resources.length).group,
    entries: resources.map((resource, binding) => ({ binding, resource })),
  });
  return await Promise.all(
    dispatches.map(async ({ code, workgroups }) => {
      const most = gpu.limits.maxComputeWorkgroupsPerDimension;
      if (workgroups.some((n) => n > most)) {
        throw new RangeError(
          `Cannot dispatch ${label}: ${
            workgroups.join(" x ")
          } workgroups, but ${device.description} allows ${most} ` +
            "per dimension: choose a smaller --batch-size or --seq-len",
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
