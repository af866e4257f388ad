/**
 * The speeds of a machine's GPU, from which the time of a program can be estimated before it runs.
 *
 * @module
 */
import { type Gpu, type GpuFeature, type GpuLimits, leastLimits } from "../core/gpu.ts";

export { type GpuFeature, type GpuLimits, leastLimits } from "../core/gpu.ts";

/** A number with its source. */
export interface Quantity {
  /** The number. */
  readonly value: number;
  /** Source as text; it begins with "published", "doctor" or "estimate". */
  readonly source: string;
}

/** The share of a peak that kernels reach. */
export interface Efficiency extends Quantity {
  /** Which peak: that of arithmetic or that of memory. */
  readonly of: "flops" | "memory";
}

/** Classes of ops whose kernels reach similar shares of a peak. */
export type EfficiencyClass = "products" | "attention" | "attentionGrad" | "memory";

/** The peak that the share of a class is one of. */
export const efficiencyClasses: Readonly<Record<EfficiencyClass, Efficiency["of"]>> = {
  products: "flops",
  attention: "flops",
  attentionGrad: "flops",
  memory: "memory",
};

/** What is known about a machine's GPU. */
export interface MachineProfile {
  /** Name for people: "NVIDIA GeForce RTX 4090". */
  readonly name: string;
  /** Whether the speeds were measured by the doctor; otherwise they are published ones and estimates. */
  readonly measured: boolean;
  /** Whether the adapter computes on the CPU. */
  readonly software: boolean;
  /** Limits of the GPU's WebGPU device; those that are absent have WebGPU's default. */
  readonly limits: Partial<GpuLimits>;
  /** Features of the GPU's WebGPU device. */
  readonly features: ReadonlySet<GpuFeature>;
  /** Memory of the GPU in bytes; null if it is not known. */
  readonly memory: Quantity | null;
  /** Peaks, which kernels that do nothing else reach. */
  readonly peak: {
    /**
     * Billions of 32-bit floating-point operations per second. All kernels multiply and add 32-bit floats.
     */
    readonly gflops: Quantity;
    /** Gigabytes read or written per second. */
    readonly gigabytes: Quantity;
  };
  /** Times that do not depend on the amount of work. */
  readonly floors: {
    /** Time that a dispatch takes at least, and that a longer one takes in addition. */
    readonly dispatchMicroseconds: Quantity;
    /** Time that the host needs for a submit. */
    readonly submitMicroseconds: Quantity;
    /** Time that the host waits for a read in addition to the GPU's work. */
    readonly readMilliseconds: Quantity;
  };
  /** Number of invocations in flight at which the GPU is busy; smaller dispatches are slower. */
  readonly invocations: Quantity;
  /** Shares of the peaks, by class. */
  readonly efficiencies: Readonly<Record<EfficiencyClass, Efficiency>>;
  /** Measured shares of a peak by the name of an op, which take precedence over those of its class. */
  readonly ofOps: ReadonlyMap<string, Efficiency>;
  /**
   * Largest expected relative error of an estimate from published speeds: with 0.4, times may be longer or
   * shorter by a factor of 1.4.
   */
  readonly band: number;
}

/** Returns the GPU that kernels are generated for. */
export function gpuOf({ limits, features, software }: MachineProfile): Gpu {
  return { limits: { ...leastLimits, ...limits }, features, software };
}

/** Returns the class of an op's arithmetic. */
export function classOf(op: string): Exclude<EfficiencyClass, "memory"> {
  if (/^attention(_dropout)?_grad/.test(op)) return "attentionGrad";
  return /attention/.test(op) ? "attention" : "products";
}

/** Returns whether an op is a matrix product. */
export function isProduct(op: string): boolean {
  return /^(quantized_)?matmul|^affine/.test(op);
}
