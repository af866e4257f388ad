/**
 * The engines that benches walk: the CPU engine with its WASM kernels and, where there is one, with a BLAS; WebGPU where
 * there is a GPU (an adapter in software says nothing about speed).
 *
 * @module
 */
import { Graph } from "../kernels/core/graph.ts";
import { compile, type Program } from "../kernels/core/program.ts";
import { findBlas } from "../kernels/engine/cpu/blas.ts";
import { openCpu } from "../kernels/engine/cpu/cpu_engine.ts";
import type { Engine, Session } from "../kernels/engine/engine.ts";
import { findAdapter } from "../kernels/engine/webgpu/device.ts";
import { count } from "../kernels/ops/update/state.ts";

const blas = await findBlas("auto");
const adapter = await findAdapter();

/** How to open each, by a short name. */
export const benchEngines: Readonly<Record<string, () => Promise<Engine>>> = {
  "wasm": () => openCpu(),
  ...(blas === null ? {} : { [`wasm + ${blas.name}`]: () => openCpu({ blas: blas.path }) }),
  ...(adapter === null || adapter.software ? {} : {
    [`webgpu (${adapter.description})`]: async () => {
      const { openWebgpu } = await import("../kernels/engine/webgpu/webgpu_engine.ts");
      return await openWebgpu();
    },
  }),
};

/** Calls an iteration, so that waking threads or, on a GPU in Deno, a read-back of 10 ms is not what is timed. */
export function repeatsOn(engine: string): number {
  return engine.startsWith("webgpu") ? 100 : 4;
}

/** Runs a program of a session that also has `marker`, several times, and waits until the device is done. */
export async function finishRuns(
  session: Session,
  { program, repeats }: { readonly program: string; readonly repeats: number },
): Promise<void> {
  await session.run([...Array<string>(repeats).fill(program), "marker"]);
  await session.read(["marker"]); // `run` alone is over as soon as a GPU has been told
}

/** What `finishRuns` reads: one number. */
export const marker: Program = compile("marker", markerGraph());

function markerGraph(): Graph {
  const graph = new Graph();
  count(graph.leaf("marker", { shape: [1], dtype: "u32" }, "output"), { by: 1, wrap: 2 });
  return graph;
}

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
