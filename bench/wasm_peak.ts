/**
 * Measures the peak speed of WASM on this machine: the innermost loop of the matrix kernel on data in the
 * first-level cache, on all threads at once. The percentage of this peak that a training step reaches shows
 * how much faster it could become.
 *
 * @module
 */
import { compileSource, engineFeatures } from "../kernels/wasm/build.ts";

/** Threads that measure the peak. */
export interface Peak extends Disposable {
  /**
   * Measures for about 50 ms and returns the floating-point operations per second of all threads together.
   */
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

/** Compiles the kernel and starts the threads. */
export async function openPeak(threads: number): Promise<Peak> {
  const memory = ["--initialMemory=2", "--maximumMemory=2"];
  const module = await WebAssembly.compile(
    await compileSource({ source: "wasm/peak.ts", features: engineFeatures, memory }),
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
