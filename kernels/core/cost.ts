/**
 * What programs ask of a GPU, counted from their plans: dispatches, bytes moved, pipelines.
 *
 * @module
 */
import { bindings, type Call, type Traffic } from "./op.ts";
import type { Program } from "./program.ts";
import { bytesOf, type Tensor } from "./tensor.ts";

/** What one replay of a program costs, or one step. */
export interface ProgramCost extends Traffic {
  /** Kernels started: one a call. */
  readonly dispatches: number;
}

/** What every WebGPU device has: with these limits a program can be planned without a device. */
export const leastLimits = {
  maxBufferSize: 256 * 1024 * 1024,
  maxComputeWorkgroupsPerDimension: 65535,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
  maxComputeWorkgroupSizeY: 256,
  maxComputeWorkgroupSizeZ: 64,
  maxComputeWorkgroupStorageSize: 16384,
  maxStorageBuffersPerShaderStage: 8,
  maxStorageBufferBindingSize: 128 * 1024 * 1024,
} as GPUSupportedLimits;

/** Bytes that a call reads and writes: all inputs and all outputs, unless its op knows better. */
export function trafficOf(call: Call): Traffic {
  return call.op.traffic?.(call) ?? { read: total(call.inputs), written: total(call.outputs) };
}

/** Dispatches and bytes of one replay. */
export function costOf(program: Program): ProgramCost {
  return sumOfCosts(program.calls.map((call) => ({ dispatches: 1, ...trafficOf(call) })));
}

/** All of them together. */
export function sumOfCosts(costs: readonly ProgramCost[]): ProgramCost {
  return costs.reduce((a, b) => ({
    dispatches: a.dispatches + b.dispatches,
    read: a.read + b.read,
    written: a.written + b.written,
  }), { dispatches: 0, read: 0, written: 0 });
}

/** Pipelines that a device with `limits` compiles for programs: one for each different kernel. */
export function countPipelines(programs: readonly Program[], limits: GPUSupportedLimits): number {
  const calls = programs.flatMap((program) => program.calls);
  return new Set(calls.map((call) => `${bindings(call).length} ${call.op.wgsl(call, limits).code}`)).size;
}

function total(tensors: readonly Tensor[]): number {
  return tensors.reduce((sum, t) => sum + bytesOf(t), 0);
}
