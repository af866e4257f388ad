/**
 * The WebGPU engine: any adapter that Deno finds, with the adapter's own limits.
 *
 * @module
 */
import type { Program } from "../core/program.ts";
import type { TensorMap } from "../core/tensor.ts";
import type { Engine } from "./engine.ts";
import { adapterMend, findAdapter, type MemoryLimits, WebgpuDevice } from "./webgpu_device.ts";
import { WebgpuSession } from "./webgpu_session.ts";

/** An engine whose sessions count what they ask of the device. */
export interface WebgpuEngine extends Engine {
  readonly name: "webgpu";
  /** The adapter computes on the CPU. */
  readonly software: boolean;
  open(programs: readonly Program[], weights: TensorMap): Promise<WebgpuSession>;
}

/** Which adapters will do. */
export interface WebgpuOptions {
  /** Also one that computes on the CPU; default true. */
  readonly allowSoftware?: boolean;
  /** Lower limits than the adapter's: what a smaller device would have. */
  readonly memoryLimits?: Partial<MemoryLimits>;
}

/**
 * Opens the system's best adapter. Throws Deno.errors.NotSupported, with what to do, where there is none, or only one
 * that computes on the CPU and `allowSoftware` is false. Each session has a device of its own.
 */
export async function openWebgpu(
  { allowSoftware = true, memoryLimits = {} }: WebgpuOptions = {},
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
  return {
    name: "webgpu",
    device: `${first.description} (WebGPU${first.software ? ", in software" : ""})`,
    software: first.software,
    async open(programs, weights) {
      // An adapter gives one device, says the specification.
      const device = await WebgpuDevice.request(await findAdapter() ?? first, memoryLimits);
      try {
        return await WebgpuSession.open(device, programs, weights);
      } catch (error) {
        await device.destroy();
        throw error;
      }
    },
  };
}
