/**
 * The device of this machine, which determines the preset that `--preset auto` picks.
 *
 * @module
 */
import { gpuOf, type MachineProfile } from "../../kernels/engine/machine_profile.ts";
import { largestPackWithin } from "../../kernels/engine/open.ts";
import { knownAdapter } from "../../kernels/engine/webgpu/device.ts";

/** Properties of a machine that determine which preset is picked. */
export interface Machine {
  /** The engine that the run will use. */
  readonly device: "webgpu" | "cpu";
  /**
   * Size limit of a tensor on the GPU, in bytes: the smaller of the limits of buffers and of storage
   * bindings.
   */
  readonly maxTensorBytes?: number;
}

/** Returns the properties of a run that is planned for another machine, whose GPU `auto` picks. */
export function plannedMachine(device: string, planned: MachineProfile): Machine {
  if (device === "cpu") return { device: "cpu" };
  return {
    device: "webgpu",
    maxTensorBytes: planned.software ? 0 : largestPackWithin(gpuOf(planned).limits),
  };
}

/**
 * Returns the properties of this machine for a value of `--device`. With `auto`, an adapter that is emulated
 * in software is ignored.
 */
export async function machineFor(device: string): Promise<Machine> {
  if (device === "cpu") return { device: "cpu" };
  const found = await knownAdapter();
  if (found === null || found.software && device === "auto") {
    return { device: device === "auto" ? "cpu" : "webgpu" };
  }
  const { adapter: { limits: { maxBufferSize, maxStorageBufferBindingSize } }, software } = found;
  return {
    device: "webgpu",
    maxTensorBytes: software ? 0 : Math.min(maxBufferSize, maxStorageBufferBindingSize),
  };
}
