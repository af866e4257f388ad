/**
 * What this machine has, as far as presets and help ask.
 *
 * @module
 */
import type { Machine } from "../parts/presets.ts";

/** The device that `--device` will mean here. A software adapter counts as no GPU. */
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
