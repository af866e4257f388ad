/**
 * Opens the engine that this browser is fastest on.
 *
 * @module
 */
import { openCpu } from "../../../../kernels/engine/cpu/cpu_engine.ts";
import { hasRelaxedSimd } from "../../../../kernels/engine/cpu/kernels.ts";
import type { Engine } from "../../../../kernels/engine/engine.ts";
import { findAdapter } from "../../../../kernels/engine/webgpu/device.ts";
import { openWebgpu } from "../../../../kernels/engine/webgpu/webgpu_engine.ts";
import type { EngineWish } from "../address.ts";

/** An engine, and why it was chosen. */
export interface BrowserEngine {
  readonly engine: Engine;
  readonly why: string;
}

/**
 * Opens WebGPU if there is an adapter that is a GPU; otherwise the WASM engine, with threads where the page
 * may share memory with them, or on this thread. Throws Error if the wish cannot be met; the message says why
 * and what to choose.
 */
export async function openBrowserEngine({ engine, threads, simd }: EngineWish): Promise<BrowserEngine> {
  if (engine === "webgpu" || engine === "auto") {
    const adapter = await findAdapter();
    if (adapter !== null && (engine === "webgpu" || !adapter.software)) {
      return {
        engine: await openWebgpu(),
        why: adapter.software ? "chosen in the address" : "this browser has WebGPU",
      };
    }
    if (engine === "webgpu") {
      throw new Error("This browser has no WebGPU adapter: choose WASM under “Compute with”");
    }
  }
  const isolated = Reflect.get(globalThis, "crossOriginIsolated") === true;
  if (engine === "threads" && !isolated) {
    throw new Error(
      "Threads need shared memory, which this page may not use: its server does not send the headers " +
        "Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp: choose one thread",
    );
  }
  const relaxedSimd = simd === "auto" && hasRelaxedSimd;
  const kernels = relaxedSimd ? "" : ", without relaxed SIMD";
  if (engine === "single" || !isolated) {
    return {
      engine: await openCpu({ threads: 0, relaxedSimd }),
      why:
        (engine === "single" ? "chosen under “Compute with”" : "the page may not share memory with threads") +
        kernels,
    };
  }
  const cores = Math.min(navigator.hardwareConcurrency, 16);
  const worker = new URL("thread.js", location.href); // beside the bundle of this module
  return {
    engine: await openCpu({ threads: threads || cores, relaxedSimd, worker }),
    why: (engine === "auto" ? "this browser offers no GPU" : "chosen under “Compute with”") + kernels,
  };
}
