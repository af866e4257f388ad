/**
 * The WebGPU engine: any adapter that Deno finds, with the adapter's own limits.
 *
 * @module
 */
import type { Gpu } from "../../core/gpu.ts";
import type { Program } from "../../core/program.ts";
import type { TensorMap } from "../../core/tensor.ts";
import type { Engine } from "../engine.ts";
import { adapterMend, findAdapter, type MemoryLimits, WebgpuDevice } from "./device.ts";
import { WebgpuSession } from "./session.ts";
import { timeVariants } from "./timing.ts";
import { tuneKernels } from "./tuner.ts";
import { TuningCache } from "./tuning_cache.ts";

/** An engine whose sessions count what they ask of the device. */
export interface WebgpuEngine extends Engine {
  readonly name: "webgpu";
  /** The adapter computes on the CPU. */
  readonly software: boolean;
  open(programs: readonly Program[], weights: TensorMap): Promise<WebgpuSession>;
}

/** Choosing kernels by timing. */
export interface Tuning {
  /** The file in which choices are kept. */
  readonly cache: string;
  /** Hears, in a line for people, what is about to be timed, and that it is done: it can take a minute. */
  tell?(text: string): void;
}

/** Which adapters will do. */
export interface WebgpuOptions {
  /** Also one that computes on the CPU; default true. */
  readonly allowSoftware?: boolean;
  /** Lower limits than the adapter's: what a smaller device would have. */
  readonly memoryLimits?: Partial<MemoryLimits>;
  /**
   * Products of matrices round what they multiply to 16-bit floats, of at most 65504, and sum in 32 bits; all else is in
   * 32 bits. On every adapter, faster on those that have shader-f16. Default false.
   */
  readonly half?: boolean;
  /**
   * Where an op has several kernels, the fastest here: timed once, then kept in a file, `cache`. Two timings may choose
   * otherwise, whose sums then differ in their last bits; the same file gives the same bits. Default "off": kernels that
   * are sane untried.
   */
  readonly tune?: Tuning | "off";
  /** Kernels to run, by `callKey()`; see `Op.variants`. They go before `tune`. */
  readonly choices?: ReadonlyMap<string, string>;
}

/**
 * Opens the system's best adapter. Throws Deno.errors.NotSupported, with what to do, where there is none, or only one
 * that computes on the CPU and `allowSoftware` is false; Deno.errors.InvalidData where `tune.cache` is another file. Each session has a device of its own.
 */
export async function openWebgpu(
  { allowSoftware = true, memoryLimits = {}, half = false, tune = "off", choices = new Map() }:
    WebgpuOptions = {},
): Promise<WebgpuEngine> {
  const first = await findAdapter();
  if (first === null) {
    throw new Deno.errors.NotSupported(
      `Cannot compute with WebGPU: this system has no adapter: ${adapterMend}`,
    );
  }
  if (first.software && !allowSoftware) {
    throw new Deno.errors.NotSupported(
      `Cannot compute with WebGPU: ${first.description} is no GPU, it computes on the CPU: ${adapterMend}`,
    );
  }
  const cache = tune === "off"
    ? null
    : await TuningCache.open(tune.cache, `${first.key}${half ? ", half" : ""}`);
  return {
    name: "webgpu",
    device: `${first.description} (WebGPU${first.software ? ", in software" : ""}${
      tune === "off" ? "" : `, kernels timed, kept in ${tune.cache}`
    })`,
    software: first.software,
    async open(programs, weights) {
      // An adapter gives one device, says the specification.
      const request = async () =>
        WebgpuDevice.request(await findAdapter() ?? first, { lower: memoryLimits, half });
      const device = await request();
      try {
        const tuned = cache === null || tune === "off"
          ? []
          : await tunedIn(cache, { programs, gpu: device.gpu, request, tell: (text) => tune.tell?.(text) });
        const gpu = { ...device.gpu, choices: new Map([...tuned, ...choices]) };
        return await WebgpuSession.open(device, programs, { weights, gpu });
      } catch (error) {
        await device.destroy();
        throw error;
      }
    },
  };
}

/** Choices for programs; what is not in the cache is timed, on a device that has nothing else to do, and added. */
async function tunedIn(
  cache: TuningCache,
  { programs, gpu, request, tell }: {
    readonly programs: readonly Program[];
    readonly gpu: Gpu;
    request(): Promise<WebgpuDevice>;
    tell(text: string): void;
  },
): Promise<ReadonlyMap<string, string>> {
  const trial: { device?: WebgpuDevice } = {};
  try {
    const choices = await tuneKernels(programs, {
      gpu,
      known: cache.choices,
      tell,
      time: async (call, names) => timeVariants(trial.device ??= await request(), call, names),
    });
    await cache.add(choices);
    return choices;
  } finally {
    await trial.device?.destroy();
  }
}
