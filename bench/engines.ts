/**
 * The engines that benches walk: the CPU engine with its WASM kernels and, where there is one, with a BLAS; WebGPU where
 * there is a GPU (an adapter in software says nothing about speed).
 *
 * @module
 */
import { findBlas } from "../kernels/engine/blas.ts";
import { openCpu } from "../kernels/engine/cpu.ts";
import type { Engine } from "../kernels/engine/engine.ts";
import { findAdapter } from "../kernels/engine/webgpu_device.ts";

const blas = await findBlas("auto");
const adapter = await findAdapter();

/** How to open each, by a short name. */
export const benchEngines: Readonly<Record<string, () => Promise<Engine>>> = {
  "wasm": () => openCpu(),
  ...(blas === null ? {} : { [`wasm + ${blas.name}`]: () => openCpu({ blas: blas.path }) }),
  ...(adapter === null || adapter.software ? {} : {
    [`webgpu (${adapter.description})`]: async () => {
      const { openWebgpu } = await import("../kernels/engine/webgpu.ts");
      return await openWebgpu();
    },
  }),
};

/** Closes what is open: one thing at a time, since a large model takes 3 GB, and a session of the CPU engine all cores. */
let close = (): Promise<void> => Promise.resolve();

/** Makes a function that opens something once and keeps it open until another one's is asked for. */
export function keptOpen<T extends AsyncDisposable>(open: () => Promise<T>): () => Promise<T> {
  let held: T | null = null;
  return async () => {
    if (held !== null) return held;
    await close();
    const fresh = held = await open();
    close = async () => {
      held = null;
      await fresh[Symbol.asyncDispose]();
    };
    return fresh;
  };
}
