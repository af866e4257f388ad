/**
 * What programs ask of a GPU, counted from their plans: dispatches, bytes moved, pipelines.
 *
 * @module
 */
import { type Gpu, leastGpu } from "./gpu.ts";
import { bindings } from "./op.ts";
import type { Call, Tensor, Traffic } from "./graph.ts";
import { dispatchesOf, scratchOf } from "./wgsl.ts";
import type { Program } from "./program.ts";
import { bytesOf } from "./tensor.ts";

/** What one replay of a program costs, or one step. */
export interface ProgramCost extends Traffic {
  /** Kernels started: one a call, more where one kernel leaves its results for another to finish. */
  readonly dispatches: number;
}

/** Bytes that a call reads and writes: all inputs and all outputs, unless its op knows better. */
export function trafficOf(call: Call): Traffic {
  return call.op.traffic?.(call) ?? { read: total(call.inputs), written: total(call.outputs) };
}

/** Dispatches and bytes of one replay on a GPU; what dispatches of one call leave each other is written and read. */
export function costOf(program: Program, gpu: Gpu = leastGpu): ProgramCost {
  return sumOfCosts(program.calls.map((call) => {
    const dispatches = dispatchesOf(call.op.wgsl(call, gpu)), { read, written } = trafficOf(call);
    const between = dispatches.reduce((sum, { scratchBytes = 0 }) => sum + scratchBytes, 0);
    return { dispatches: dispatches.length, read: read + between, written: written + between };
  }));
}

/** All of them together. */
export function sumOfCosts(costs: readonly ProgramCost[]): ProgramCost {
  return costs.reduce((a, b) => ({
    dispatches: a.dispatches + b.dispatches,
    read: a.read + b.read,
    written: a.written + b.written,
  }), { dispatches: 0, read: 0, written: 0 });
}

/** Pipelines that a GPU compiles for programs: one for each different kernel. */
export function countPipelines(programs: readonly Program[], gpu: Gpu = leastGpu): number {
  const codes = programs.flatMap(({ calls }) => calls).flatMap((call) => {
    const kernel = call.op.wgsl(call, gpu), count = bindings(call).length + (scratchOf(kernel) > 0 ? 1 : 0);
    return dispatchesOf(kernel).map(({ code }) => `${count} ${code}`);
  });
  return new Set(codes).size;
}

/** Bytes of the memory that programs' dispatches leave each other in, beside all tensors: as large as the largest need. */
export function scratchBytes(programs: readonly Program[], gpu: Gpu = leastGpu): number {
  return Math.max(
    0,
    ...programs.flatMap(({ calls }) => calls.map((call) => scratchOf(call.op.wgsl(call, gpu)))),
  );
}

function total(tensors: readonly Tensor[]): number {
  return tensors.reduce((sum, t) => sum + bytesOf(t), 0);
}
