/**
 * The properties of a GPU that ops need to generate WGSL kernels, and the type of these kernels.
 *
 * @module
 */

/** Optional WebGPU features that some kernels use. */
export type GpuFeature = "shader-f16" | "subgroups";

/** The limits of a WebGPU device that matter to kernels and their memory. */
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

/** The properties of a GPU that ops generate kernels for. */
export interface Gpu {
  /** Limits that a kernel must not exceed. */
  readonly limits: GpuLimits;
  /** Features that the device was created with; the adapter may have more. */
  readonly features: ReadonlySet<GpuFeature>;
  /**
   * Whether the CPU emulates the GPU: workgroup memory is then no faster than other memory, and barriers are
   * expensive.
   */
  readonly software: boolean;
  /** Whether matrix products round their operands to 16-bit floats; sums stay 32-bit. */
  readonly half?: boolean;
  /** Kernel variant to run for each call that was timed; the keys come from `callKey()`. */
  readonly choices?: ReadonlyMap<string, string>;
}

/** The WGSL kernel of a call: one dispatch, or a chain of dispatches that run in order. */
export interface WgslKernel {
  /** WGSL with an entry point `main`. */
  readonly code: string;
  /** Number of workgroups along `x`, `y` and `z`. */
  readonly workgroups: readonly [number, number, number];
  /**
   * Size in bytes of a temporary buffer that this dispatch fills and the next one reads. It is the last
   * binding of both dispatches. Its contents are undefined before and after the call.
   */
  readonly scratchBytes?: number;
  /** The next dispatch of the call, which has the same bindings. */
  readonly then?: WgslKernel;
}

/** The limits that every WebGPU device has, so that a program can be planned without a device. */
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

/** The weakest GPU that WebGPU allows. */
export const leastGpu: Gpu = { limits: leastLimits, features: new Set(), software: false };
