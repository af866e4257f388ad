/// <reference types="@webgpu/types" />
/**
 * Compiles one call of a program into dispatches: pipeline, bind group and workgroups; and encodes them.
 *
 * @module
 */
import { boundKernel, usedBindings } from "../../core/bound_kernel.ts";
import type { Gpu } from "../../core/gpu.ts";
import type { Call } from "../../core/graph.ts";
import type { Program } from "../../core/program.ts";
import type { WebgpuDevice } from "./device.ts";
import type { WebgpuMemory } from "./memory.ts";
import { type Extent, splittable } from "./split.ts";

/** One dispatch, or a part of one, ready to be encoded. */
export interface Dispatch {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly workgroups: Extent;
  /**
   * The first workgroup, if the kernel is compiled so that its dispatches can be split: a bind group of
   * `WebgpuDevice.firstWorkgroup()`.
   */
  readonly first?: GPUBindGroup;
}

/** Encodes dispatches in a compute pass, in order. */
export function encodeDispatches(pass: GPUComputePassEncoder, dispatches: readonly Dispatch[]): void {
  let current: GPUComputePipeline | null = null;
  for (const { pipeline, group, workgroups, first } of dispatches) {
    if (pipeline !== current) pass.setPipeline(current = pipeline);
    pass.setBindGroup(0, group);
    if (first !== undefined) pass.setBindGroup(1, first);
    pass.dispatchWorkgroups(...workgroups);
  }
}

/**
 * Compiles a call's WGSL kernel and binds its memory. `maySplit` says by the workgroups of a dispatch whether
 * it is compiled so that it can be split. Throws SyntaxError if the WGSL does not compile, and RangeError if
 * the kernel needs more workgroups than the device allows.
 */
export async function prepare(
  call: Call,
  { device, gpu, memory, program, maySplit }: {
    readonly device: WebgpuDevice;
    readonly gpu: Gpu;
    readonly memory: WebgpuMemory;
    readonly program: Program;
    maySplit(workgroups: Extent): boolean;
  },
): Promise<readonly Dispatch[]> {
  const { dispatches, tensors, scratchBytes } = boundKernel(call, gpu);
  const label = `${call.op.name} (${call.outputs[0].label}) of ${program.name}`;
  const resources = tensors.map((t) => memory.binding(program, t));
  if (scratchBytes > 0) resources.push(memory.scratch(scratchBytes));
  const groups = new Map<string, GPUBindGroup>();
  const groupOf = (bindings: readonly number[]): GPUBindGroup => {
    const key = bindings.join(),
      group = groups.get(key) ?? device.device.createBindGroup({
        layout: device.layout(bindings).group,
        entries: bindings.map((binding) => ({ binding, resource: resources[binding] })),
      });
    groups.set(key, group);
    return group;
  };
  // All tensors at once if the GPU can bind so many, so that all dispatches share a layout.
  const all = resources.map((_, i) => i), { maxStorageBuffersPerShaderStage: most } = gpu.limits;
  return await Promise.all(
    dispatches.map(async ({ code, workgroups }) => {
      const largest = gpu.limits.maxComputeWorkgroupsPerDimension;
      if (workgroups.some((n) => n > largest)) {
        throw new RangeError(
          `Cannot dispatch ${label}: ${
            workgroups.join(" x ")
          } workgroups, but ${device.description} allows ${largest} ` +
            "per dimension: choose a smaller --batch-size or --seq-len",
        );
      }
      const split = maySplit(workgroups), bindings = all.length <= most ? all : usedBindings(code);
      const pipeline = await device.pipeline(split ? splittable(code) : code, {
        label,
        bindings,
        split,
      });
      return {
        pipeline,
        group: groupOf(bindings),
        workgroups,
        ...(split && { first: device.firstWorkgroup([0, 0, 0]) }),
      };
    }),
  );
}
