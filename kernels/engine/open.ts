/**
 * Which engine runs: a real GPU through WebGPU where there is one, else the CPU.
 *
 * @module
 */
import { leastLimits } from "../core/gpu.ts";
import { mostAtOnce } from "../core/limits.ts";
import type { Engine } from "./engine.ts";
import type { Tuning } from "./webgpu/tuning.ts";
import { findAdapter } from "./webgpu/device.ts";

/** An engine and why it was chosen, in a few words for people. */
export type OpenedEngine = Readonly<{ engine: Engine; why: string }>;

/** How engines are opened. */
export interface OpenEngineOptions {
  /** Of the CPU engine, as `openCpu` takes it. */
  readonly threads?: number;
  /** Of the CPU engine, as `openCpu` takes it. */
  readonly blas?: string;
  /** On WebGPU the kernels that were timed fastest; the CPU engine has no choice. */
  readonly tune?: Tuning | "off";
  /** Products of matrices round their operands to 16-bit floats: on WebGPU only. */
  readonly half?: boolean;
}

/**
 * Opens the engine for `device`: "auto", "webgpu" or "cpu", as `--device` takes it. "auto" takes a GPU, else the CPU
 * engine; an adapter that computes in software counts as none, and is used only if "webgpu" asks for it. Throws
 * Deno.errors.NotSupported for "webgpu" where there is no adapter and for `half` on the CPU, TypeError for another word,
 * and what `openCpu` and `openWebgpu` throw.
 */
export async function openEngine(device: string, options: OpenEngineOptions = {}): Promise<OpenedEngine> {
  const { kind, why } = await choose(device);
  if (options.half && kind === "cpu") {
    throw new Deno.errors.NotSupported(
      `Cannot compute with --dtype f16 on the CPU (${why}): its vectors have no 16-bit floats, so products would only ` +
        "get slower: leave it out or give --dtype f32, or compute on a GPU with --device webgpu",
    );
  }
  return { engine: kind === "webgpu" ? await openGpu(options) : await openProcessor(options), why };
}

/**
 * Bytes that a pack of parameters should have at most on the engine that `openEngine` opens for `device`: what an
 * adapter binds and drivers allocate at once, any number on the CPU; nothing is opened. Where "webgpu" finds no adapter
 * it is what every adapter grants. Throws TypeError as `openEngine` does.
 */
export async function largestPack(device: string): Promise<number> {
  if ((await choose(device)).kind === "cpu") return Infinity;
  const { maxStorageBufferBindingSize, maxBufferSize } = (await findAdapter())?.adapter.limits ?? leastLimits;
  return Math.min(maxStorageBufferBindingSize, maxBufferSize, mostAtOnce);
}

async function choose(device: string): Promise<{ kind: "webgpu" | "cpu"; why: string }> {
  switch (device) {
    case "webgpu":
    case "cpu":
      return { kind: device, why: "asked for" };
    case "auto": {
      const found = await findAdapter();
      if (found !== null && !found.software) return { kind: "webgpu", why: "a GPU is there" };
      return {
        kind: "cpu",
        why: found === null ? "no GPU is there" : `${found.description} is software, no GPU`,
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
