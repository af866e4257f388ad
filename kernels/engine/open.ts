/**
 * Chooses and opens an engine: WebGPU where there is a real GPU, else the CPU engine.
 *
 * @module
 */
import { leastLimits } from "../core/gpu.ts";
import { largestBuffer } from "../core/limits.ts";
import type { Engine } from "./engine.ts";
import type { Tuning } from "./webgpu/tuning.ts";
import { findAdapter } from "./webgpu/device.ts";

/** An engine, and in a few words for people why it was chosen. */
export type OpenedEngine = Readonly<{ engine: Engine; why: string }>;

/** Options of `openEngine`. */
export interface OpenEngineOptions {
  /** Threads of the CPU engine; see `CpuOptions`. */
  readonly threads?: number;
  /** BLAS of the CPU engine; see `CpuOptions`. */
  readonly blas?: string;
  /** Chooses WebGPU kernels by timing; the CPU engine ignores it. Default "off". */
  readonly tune?: Tuning | "off";
  /** Whether matrix products round their operands to 16-bit floats, on WebGPU only. Default false. */
  readonly half?: boolean;
}

/**
 * Opens the engine for `device`, which is "auto", "webgpu" or "cpu" as in `--device`. "auto" uses a GPU where
 * there is one, else the CPU; only "webgpu" uses an adapter that computes in software. Throws
 * Deno.errors.NotSupported for "webgpu" where there is no adapter and for `half` on the CPU, TypeError for
 * another word, and what `openCpu` and `openWebgpu` throw.
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
 * Largest pack of parameters, in bytes, that the engine for `device` can hold; no engine is opened. On a GPU
 * this is the largest binding or allocation; for "webgpu" without an adapter, the largest that every adapter
 * supports; on the CPU Infinity. Throws TypeError where `openEngine` does.
 */
export async function largestPack(device: string): Promise<number> {
  if ((await choose(device)).kind === "cpu") return Infinity;
  const { maxStorageBufferBindingSize, maxBufferSize } = (await findAdapter())?.adapter.limits ?? leastLimits;
  return Math.min(maxStorageBufferBindingSize, maxBufferSize, largestBuffer);
}

async function choose(device: string): Promise<{ kind: "webgpu" | "cpu"; why: string }> {
  switch (device) {
    case "webgpu":
    case "cpu":
      return { kind: device, why: "chosen by --device" };
    case "auto": {
      const adapter = await findAdapter();
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
