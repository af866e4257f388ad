/**
 * The device that this machine has: presets are picked by it.
 *
 * @module
 */

/** Properties of a machine that presets are picked by. */
export interface Machine {
  readonly device: "webgpu" | "cpu";
  /**
   * Largest tensor on the GPU in bytes: the smaller of its largest buffer and its largest storage binding.
   */
  readonly maxTensorBytes?: number;
}

/** The machine as `--device` will use it. `auto` ignores an adapter that is emulated in software. */
export async function machineFor(device: string): Promise<Machine> {
  if (device === "cpu") return { device: "cpu" };
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" }) ?? null;
  const software = adapter === null || adapter.info.isFallbackAdapter ||
    /llvmpipe|swiftshader|software|basic render/i.test(`${adapter.info.description} ${adapter.info.device}`);
  if (adapter === null || software && device === "auto") {
    return { device: device === "auto" ? "cpu" : "webgpu" };
  }
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
  return {
    device: "webgpu",
    maxTensorBytes: software ? 0 : Math.min(maxBufferSize, maxStorageBufferBindingSize),
  };
}
