/**
 * The cost of programs on a GPU, counted without running them: dispatches, memory traffic, pipelines, scratch
 * memory.
 *
 * @module
 */
import { boundKernel } from "./bound_kernel.ts";
import { type Gpu, leastGpu } from "./gpu.ts";
import type { Call, Tensor, Traffic } from "./graph.ts";
import { dispatchesOf, scratchOf } from "./wgsl.ts";
import type { Program } from "./program.ts";
import { bytesOf } from "./tensor.ts";

/** Cost of one run of a program, or of one step. */
export interface ProgramCost extends Traffic {
  /** Number of dispatches: one per call, or more if the call's kernel is a chain of dispatches. */
  readonly dispatches: number;
}

/**
 * Returns the memory traffic of a call, as defined by its op; by default, all inputs are read and all outputs
 * are written.
 */
export function trafficOf(call: Call): Traffic {
  return call.op.traffic?.(call) ?? { read: total(call.inputs), written: total(call.outputs) };
}

/**
 * Returns the cost of one run of a program on a GPU. Scratch memory between the dispatches of a call counts
 * as traffic.
 */
export function costOf(program: Program, gpu: Gpu = leastGpu): ProgramCost {
  return sumOfCosts(program.calls.map((call) => {
    const dispatches = dispatchesOf(call.op.wgsl(call, gpu)), { read, written } = trafficOf(call);
    const between = dispatches.reduce((sum, { scratchBytes = 0 }) => sum + scratchBytes, 0);
    return { dispatches: dispatches.length, read: read + between, written: written + between };
  }));
}

/** The sum of several costs. */
export function sumOfCosts(costs: readonly ProgramCost[]): ProgramCost {
  return costs.reduce((a, b) => ({
    dispatches: a.dispatches + b.dispatches,
    read: a.read + b.read,
    written: a.written + b.written,
  }), { dispatches: 0, read: 0, written: 0 });
}

/** Returns the number of pipelines that a GPU has to compile for the programs: one per distinct dispatch. */
export function countPipelines(programs: readonly Program[], gpu: Gpu = leastGpu): number {
  const codes = programs.flatMap(({ calls }) => calls).flatMap((call) => {
    const { dispatches, tensors, scratchBytes } = boundKernel(call, gpu);
    return dispatches.map(({ code }) => `${tensors.length + (scratchBytes > 0 ? 1 : 0)} ${code}`);
  });
  return new Set(codes).size;
}

/**
 * Returns the size in bytes of the scratch buffer that all calls share: the largest size that a call needs.
 */
export function scratchBytes(programs: readonly Program[], gpu: Gpu = leastGpu): number {
  return Math.max(
    0,
    ...programs.flatMap(({ calls }) => calls.map((call) => scratchOf(call.op.wgsl(call, gpu)))),
  );
}

function total(tensors: readonly Tensor[]): number {
  return tensors.reduce((sum, t) => sum + bytesOf(t), 0);
}
