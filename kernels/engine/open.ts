/**
 * Which engine runs: a real GPU through WebGPU where there is one, else the CPU.
 *
 * @module
 */
import type { Engine } from "./engine.ts";
import { findAdapter } from "./webgpu_device.ts";

/** An engine and why it was chosen, in a few words for people. */
export type OpenedEngine = Readonly<{ engine: Engine; why: string }>;

/**
 * Opens the engine for `device`: "auto", "webgpu" or "cpu", as `--device` takes it. "auto" takes a GPU, else the CPU
 * engine with `threads` threads and `blas` as `openCpu` takes it; an adapter that computes in software counts as none, and is used only if "webgpu" asks
 * for it. Throws Deno.errors.NotSupported for "webgpu" where there is no adapter, TypeError for another word, and what
 * `openCpu` throws.
 */
export async function openEngine(
  device: string,
  options: { readonly threads?: number; readonly blas?: string } = {},
): Promise<OpenedEngine> {
  switch (device) {
    case "webgpu":
      return { engine: await openGpu(), why: "asked for" };
    case "cpu":
      return { engine: await openProcessor(options), why: "asked for" };
    case "auto": {
      const found = await findAdapter();
      if (found !== null && !found.software) return { engine: await openGpu(), why: "a GPU is there" };
      const why = found === null ? "no GPU is there" : `${found.description} is software, no GPU`;
      return { engine: await openProcessor(options), why };
    }
    default:
      throw new TypeError(`Cannot open an engine on ${device}: wanted auto, webgpu or cpu`);
  }
}

async function openGpu(): Promise<Engine> {
  const { openWebgpu } = await import("./webgpu.ts");
  return await openWebgpu();
}

async function openProcessor(
  options: { readonly threads?: number; readonly blas?: string },
): Promise<Engine> {
  const { openCpu } = await import("./cpu.ts");
  return await openCpu(options);
}
