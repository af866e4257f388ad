/**
 * What this machine's WASM can do at most: multiply-adds a second of the innermost kernel on panels that lie in the
 * first-level cache, on all threads at once. A training step's share of that is what is left to gain.
 *
 * @module
 */
import { compileSource, engineFeatures } from "../kernels/wasm/build.ts";

/** Threads that measure. */
export interface Peak extends Disposable {
  /** Floating-point operations a second of all threads together, measured now for about 50 ms. */
  measure(): Promise<number>;
}

const WORKER = `onmessage = ({ data }) => {
  if (data.module !== undefined) {
    kernel = new WebAssembly.Instance(data.module).exports;
    return postMessage(0);
  }
  let rounds = 0;
  const before = performance.now();
  while (performance.now() - before < 50) {
    kernel.peak(2000);
    rounds += 2000;
  }
  postMessage(rounds * kernel.flops.value / (performance.now() - before) * 1000);
};
let kernel;`;

/** Starts the threads. */
export async function openPeak(threads: number): Promise<Peak> {
  const memory = ["--initialMemory=2", "--maximumMemory=2"];
  const module = await WebAssembly.compile(
    await compileSource({ source: "peak.ts", features: engineFeatures, memory }),
  );
  const url = URL.createObjectURL(new Blob([WORKER], { type: "text/javascript" }));
  const workers = Array.from({ length: threads }, () => new Worker(url, { type: "module" }));
  const all = (message: unknown) =>
    Promise.all(workers.map((worker) => {
      const { promise, resolve } = Promise.withResolvers<number>();
      worker.onmessage = ({ data }: MessageEvent<number>) => resolve(data);
      worker.postMessage(message);
      return promise;
    }));
  await all({ module });
  return {
    measure: async () => (await all({})).reduce((a, b) => a + b, 0),
    [Symbol.dispose]: () => {
      for (const worker of workers) worker.terminate();
      URL.revokeObjectURL(url);
    },
  };
}
