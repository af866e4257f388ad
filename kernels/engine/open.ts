/**
 * Which engine runs: a real GPU through WebGPU where there is one, else the CPU.
 *
 * @module
 */
import type { Engine } from "./engine.ts";

/** What `--device` can be. */
export type DeviceChoice = "auto" | "webgpu" | "cpu";

/** An engine and why it was chosen, in a sentence for people. */
export type OpenedEngine = Readonly<{ engine: Engine; why: string }>;

/**
 * Opens the engine for a device. `auto` takes a GPU, for which a software adapter does not count, else the CPU engine
 * with `threads` threads. Throws Deno.errors.NotSupported for `webgpu` without an adapter.
 */
export async function openEngine(
  device: DeviceChoice,
  options: { readonly threads?: number } = {},
): Promise<OpenedEngine> {
  if (device === "webgpu") {
    const { openWebgpu } = await import("./webgpu.ts");
    return { engine: await openWebgpu({ allowSoftware: true }), why: "asked for" };
  }
  if (device === "cpu") return { engine: await openCpuEngine(options), why: "asked for" };
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" }) ?? null;
  if (adapter !== null && !isSoftware(adapter.info)) {
    const { openWebgpu } = await import("./webgpu.ts");
    return { engine: await openWebgpu(), why: "a GPU is there" };
  }
  const why = adapter === null ? "no GPU is there" : `${adapter.info.description} is software, not a GPU`;
  return { engine: await openCpuEngine(options), why };
}

/** Whether an adapter computes on the CPU. */
export function isSoftware(info: GPUAdapterInfo): boolean {
  return info.isFallbackAdapter ||
    /llvmpipe|swiftshader|software|basic render/i.test(`${info.description} ${info.device}`);
}

async function openCpuEngine(options: { readonly threads?: number }): Promise<Engine> {
  const { openCpu } = await import("./cpu.ts");
  return await openCpu(options);
}
