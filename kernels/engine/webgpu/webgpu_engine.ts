/**
 * The WebGPU engine: any adapter that Deno finds, with the adapter's own limits.
 *
 * @module
 */
import type { Gpu, GpuLimits } from "../../core/gpu.ts";
import type { Program } from "../../core/program.ts";
import type { TensorMap } from "../../core/tensor.ts";
import type { Engine } from "../engine.ts";
import { adapterHint, findAdapter, knownAdapter, WebgpuDevice } from "./device.ts";
import { WebgpuSession } from "./session.ts";
import type { SubmitLimits } from "./submit_pace.ts";
import { timeVariants } from "./timing.ts";
import { tuneKernels } from "./tuner.ts";
import type { KernelChoices, Tuning } from "./tuning.ts";

/** The WebGPU engine. */
export interface WebgpuEngine extends Engine {
  readonly name: "webgpu";
  /** Whether the adapter computes on the CPU. */
  readonly software: boolean;
  open(programs: readonly Program[], weights: TensorMap): Promise<WebgpuSession>;
}

/** How `openWebgpu` opens the engine. */
export interface WebgpuOptions {
  /** Whether to accept an adapter that computes on the CPU; default true. */
  readonly allowSoftware?: boolean;
  /** The WebGPU implementation; default: that of the platform, `navigator.gpu`. */
  readonly implementation?: GPU;
  /** Limits below the adapter's own: kernels and memory are those of a smaller device. */
  readonly limits?: Partial<GpuLimits>;
  /** Limits of a submit other than the usual ones; see `SubmitLimits`. The results are the same bits. */
  readonly submitLimits?: Partial<SubmitLimits>;
  /**
   * Whether matrix products round their operands to 16-bit floats (largest value 65504) and sum in 32 bits;
   * everything else stays in 32 bits. Works on every adapter, and is faster on those with shader-f16. Default
   * false.
   */
  readonly half?: boolean;
  /**
   * How kernels are chosen by timing: if an op has several kernels for a shape, the one that is fastest on
   * this adapter runs. Two timings may choose different kernels, and sums then differ in their last bits; the
   * same stored choices give the same bits. Default "off": a heuristic chooses.
   */
  readonly tune?: Tuning | "off";
  /**
   * Names of the kernel variants to run (see `Op.variants`); the keys come from `callKey()`. They take
   * precedence over `tune`.
   */
  readonly choices?: KernelChoices;
}

/**
 * Opens the system's best adapter; each session gets a device of its own. Throws Deno.errors.NotSupported if
 * there is no adapter, or if the only one computes on the CPU and `allowSoftware` is false; the message
 * suggests what to do. If `tune.store` cannot be read, rejects with the store's error.
 */
export async function openWebgpu(
  {
    implementation,
    allowSoftware = true,
    limits = {},
    submitLimits = {},
    half = false,
    tune = "off",
    choices = new Map(),
  }: WebgpuOptions = {},
): Promise<WebgpuEngine> {
  const first = implementation === undefined ? await knownAdapter() : await findAdapter(implementation);
  if (first === null) {
    throw notSupported(
      `Cannot compute with WebGPU: this system has no adapter: ${adapterHint}`,
    );
  }
  if (first.software && !allowSoftware) {
    throw notSupported(
      `Cannot compute with WebGPU: ${first.description} is not a GPU, it computes on the CPU: ${adapterHint}`,
    );
  }
  const tuner = tune === "off" ? null : await Tuner.open(tune, `${first.key}${half ? ", half" : ""}`);
  return {
    name: "webgpu",
    device: `${first.description} (WebGPU${first.software ? ", in software" : ""}${
      tune === "off" ? "" : `, kernels timed, kept in ${tune.store.location}`
    })`,
    software: first.software,
    async open(programs, weights) {
      // By WebGPU's specification an adapter gives one device only, so each session asks for the adapter
      // again.
      const request = async () =>
        WebgpuDevice.request(await findAdapter(implementation) ?? first, { lower: limits, half });
      const device = await request();
      try {
        const tuned = tuner === null ? [] : await tuner.choose(programs, { gpu: device.gpu, request });
        const gpu = { ...device.gpu, choices: new Map([...tuned, ...choices]) };
        return await WebgpuSession.open(device, programs, { weights, gpu, submitLimits });
      } catch (error) {
        await device.destroy();
        throw error;
      }
    },
  };
}

/** Returns Deno's error for what a system cannot do, or in a browser a NotSupportedError. */
function notSupported(message: string): Error {
  return "Deno" in globalThis
    ? new Deno.errors.NotSupported(message)
    : new DOMException(message, "NotSupportedError");
}

/** Chooses kernels for the sessions of one adapter, and keeps the choices in a store. */
class Tuner {
  readonly #tuning: Tuning;
  readonly #adapter: string;
  #known: KernelChoices;

  private constructor(tuning: Tuning, adapter: string, known: KernelChoices) {
    this.#tuning = tuning;
    this.#adapter = adapter;
    this.#known = known;
  }

  static async open(tuning: Tuning, adapter: string): Promise<Tuner> {
    return new Tuner(tuning, adapter, await tuning.store.read(adapter));
  }

  /**
   * Returns the choices for the calls of `programs`. Calls without a stored choice are timed on a device that
   * has no other work.
   */
  async choose(
    programs: readonly Program[],
    { gpu, request }: { readonly gpu: Gpu; request(): Promise<WebgpuDevice> },
  ): Promise<KernelChoices> {
    const { store } = this.#tuning;
    const trial: { device?: WebgpuDevice } = {};
    try {
      const choices = await tuneKernels(programs, {
        gpu,
        known: this.#known,
        report: (text) => this.#tuning.report?.(text),
        time: async (call, names) => timeVariants(trial.device ??= await request(), call, names),
      });
      if ([...choices].some(([key, name]) => this.#known.get(key) !== name)) {
        await store.add(this.#adapter, choices);
        this.#known = new Map([...this.#known, ...choices]);
      }
      return choices;
    } finally {
      await trial.device?.destroy();
    }
  }
}
