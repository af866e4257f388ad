/**
 * The engines that benches run on: the CPU engine with WASM kernels, the CPU engine with a BLAS if one is
 * found, and WebGPU if there is a GPU. A software adapter is left out, because its speed means nothing.
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

/** Functions that open an engine, keyed by a short name. */
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

/**
 * Returns the number of calls per iteration on an engine. An iteration has a fixed cost: waking the threads,
 * or on a GPU in Deno a read-back of 10 ms. The number of calls is so large that this cost is a small part of
 * the time.
 */
export function repeatsOn(engine: string): number {
  return engine.startsWith("webgpu") ? 100 : 4;
}

/**
 * Runs a program several times and waits until the device is done. The session must also have the program
 * `marker`.
 */
export async function runAndWait(
  session: Session,
  { program, repeats }: { readonly program: string; readonly repeats: number },
): Promise<void> {
  await session.run([...Array<string>(repeats).fill(program), "marker"]);
  await session.read(["marker"]); // on a GPU `run` resolves as soon as the work is submitted
}

/** A program with one number as output, which `runAndWait` reads to wait for the device. */
export const marker: Program = compile("marker", markerGraph());

function markerGraph(): Graph {
  const graph = new Graph();
  count(graph.leaf("marker", { shape: [1], dtype: "u32" }, "output"), { by: 1, wrap: 2 });
  return graph;
}

/**
 * Closes the open session, if any. Only one session is open at a time: a large model takes 3 GB, and the CPU
 * engine uses all cores.
 */
let close = (): Promise<void> => Promise.resolve();

/**
 * Returns a function that opens a session at its first call and returns the same session at later calls. The
 * session stays open until another function made by `openOnce` opens a session.
 */
export function openOnce<T extends AsyncDisposable>(open: () => Promise<T>): () => Promise<T> {
  let current: T | null = null;
  return async () => {
    if (current !== null) return current;
    await close();
    const opened = current = await open();
    close = async () => {
      current = null;
      await opened[Symbol.asyncDispose]();
    };
    return opened;
  };
}
