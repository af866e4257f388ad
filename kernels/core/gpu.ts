/**
 * What ops are told of a GPU when they write their WGSL: what it can do, and which of several kernels it runs fastest.
 *
 * @module
 */
import type { Call } from "./op.ts";

/** What some GPUs have beside WebGPU's least, and some kernels use. */
export type GpuFeature = "shader-f16" | "subgroups";

/** Limits that matter to kernels and their memory. */
export type GpuLimits = Pick<
  GPUSupportedLimits,
  | "maxBufferSize"
  | "maxStorageBufferBindingSize"
  | "maxStorageBuffersPerShaderStage"
  | "maxComputeWorkgroupStorageSize"
  | "maxComputeInvocationsPerWorkgroup"
  | "maxComputeWorkgroupSizeX"
  | "maxComputeWorkgroupSizeY"
  | "maxComputeWorkgroupSizeZ"
  | "maxComputeWorkgroupsPerDimension"
>;

/** A GPU as an op sees it. */
export interface Gpu {
  /** A kernel stays within them. */
  readonly limits: GpuLimits;
  /** Granted to the device, not only spoken of by the adapter. */
  readonly features: ReadonlySet<GpuFeature>;
  /** It computes on the CPU: memory shared by a workgroup is no faster than any other there, and barriers cost much. */
  readonly software: boolean;
  /** Products of matrices round what they multiply to 16-bit floats, and sum in 32 bits. */
  readonly half?: boolean;
  /** `callKey()` → the name of the variant to run, for calls that were timed. */
  readonly choices?: ReadonlyMap<string, string>;
}

/** What tells a call's shapes and constants from another's: kernels are chosen by it. */
export function callKey({ op, inputs, attrs }: Call): string {
  const shapes = inputs.map(({ shape }) => `[${shape}]`).join(" ");
  return `${op.name} ${shapes} ${JSON.stringify(attrs)}`;
}

/** Limits that every WebGPU device has: with them a program can be planned without a device. */
export const leastLimits: GpuLimits = {
  maxBufferSize: 256 * 1024 * 1024,
  maxComputeWorkgroupsPerDimension: 65535,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
  maxComputeWorkgroupSizeY: 256,
  maxComputeWorkgroupSizeZ: 64,
  maxComputeWorkgroupStorageSize: 16384,
  maxStorageBuffersPerShaderStage: 8,
  maxStorageBufferBindingSize: 128 * 1024 * 1024,
};

/** The least GPU that there is. */
export const leastGpu: Gpu = { limits: leastLimits, features: new Set(), software: false };
