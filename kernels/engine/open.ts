/**
 * Chooses and opens an engine: WebGPU if there is a real GPU, otherwise the CPU engine.
 *
 * @module
 */
import { type GpuLimits, leastLimits } from "../core/gpu.ts";
import { largestBuffer } from "../core/limits.ts";
import type { Engine } from "./engine.ts";
import type { Tuning } from "./webgpu/tuning.ts";
import { knownAdapter } from "./webgpu/device.ts";

/** An engine, and a short text for users that says why it was chosen. */
export type OpenedEngine = Readonly<{ engine: Engine; why: string }>;

/** Options of `openEngine`. */
export interface OpenEngineOptions {
  /** Number of threads of the CPU engine, 0 for the calling thread; see `CpuOptions`. */
  readonly threads?: number;
  /** BLAS of the CPU engine; see `CpuOptions`. */
  readonly blas?: string;
  /**
   * How WebGPU kernels are chosen by timing them; the CPU engine ignores this option. Default "off": no
   * timing.
   */
  readonly tune?: Tuning | "off";
  /** Whether matrix products round their operands to 16-bit floats; only WebGPU does this. Default false. */
  readonly half?: boolean;
}

/**
 * Opens the engine for `device`, which is "auto", "webgpu" or "cpu" as in `--device`. "auto" uses a GPU if
 * there is one, otherwise the CPU; only "webgpu" accepts an adapter that computes in software. Throws
 * Deno.errors.NotSupported for "webgpu" if there is no adapter and for `half` on the CPU, TypeError for any
 * other `device`, and the same errors as `openCpu()` and `openWebgpu()`.
 *
 * @example
 * ```ts
 * import { openEngine } from "@stagewise/gpt";
 *
 * const { engine, why } = await openEngine("auto"); // a GPU if there is one
 * console.error(`${engine.name}: ${engine.device}, because ${why}`);
 * ```
 */
export async function openEngine(device: string, options: OpenEngineOptions = {}): Promise<OpenedEngine> {
  const { kind, why } = await choose(device);
  if (options.half && kind === "cpu") {
    throw new Deno.errors.NotSupported(
      `Cannot compute with --dtype f16 on the CPU (${why}): the CPU engine has no 16-bit vector arithmetic, ` +
        "so products would only be slower: use --dtype f32, or compute on a GPU with --device webgpu",
    );
  }
  return { engine: kind === "webgpu" ? await openGpu(options) : await openProcessor(options), why };
}

/**
 * Returns the largest pack of parameters, in bytes, that the engine for `device` can hold. No engine is
 * opened. On a GPU this is the largest size that the GPU can both allocate and bind; for "webgpu" without an
 * adapter, it is the size that every adapter supports; on the CPU it is Infinity. Throws TypeError for the
 * same values of `device` as `openEngine()`.
 */
export async function largestPack(device: string): Promise<number> {
  if ((await choose(device)).kind === "cpu") return Infinity;
  return largestPackWithin((await knownAdapter())?.adapter.limits ?? leastLimits);
}

/** Returns the largest pack of parameters, in bytes, that a GPU with the given limits can hold. */
export function largestPackWithin(
  { maxStorageBufferBindingSize, maxBufferSize }: Pick<
    GpuLimits,
    "maxStorageBufferBindingSize" | "maxBufferSize"
  >,
): number {
  return Math.min(maxStorageBufferBindingSize, maxBufferSize, largestBuffer);
}

async function choose(device: string): Promise<{ kind: "webgpu" | "cpu"; why: string }> {
  switch (device) {
    case "webgpu":
    case "cpu":
      return { kind: device, why: "chosen by --device" };
    case "auto": {
      const adapter = await knownAdapter();
      if (adapter !== null && !adapter.software) return { kind: "webgpu", why: "this machine has a GPU" };
      return {
        kind: "cpu",
        why: adapter === null ? "this machine has no GPU" : `${adapter.description} computes in software`,
      };
    }
    default:
      throw new TypeError(`Cannot open an engine on ${device}: wanted auto, webgpu or cpu`);
  }
}

async function openGpu({ tune = "off", half = false }: OpenEngineOptions): Promise<Engine> {
  const { openWebgpu } = await import("./webgpu/webgpu_engine.ts");
  return await openWebgpu({ tune, half });
}

async function openProcessor(options: OpenEngineOptions): Promise<Engine> {
  const { openCpu } = await import("./cpu/cpu_engine.ts");
  return await openCpu(options);
}
