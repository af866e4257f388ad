/**
 * The CPU engine: WASM SIMD kernels in Workers on one shared memory. A run is a list of op tables in that
 * memory, which all threads execute together: no message is sent per call, nothing is allocated, and the main
 * thread's event loop stays free. Workers need --allow-read for their module; without permission, the calling
 * thread can execute the kernels (`threads: 0`).
 *
 * The order of every sum depends on the shapes alone, so that results have the same bits for any number of
 * threads.
 *
 * @module
 */
import { findBlas } from "./blas.ts";
import { hasRelaxedSimd, loadKernels } from "./kernels.ts";
import { CpuSession } from "./session.ts";
import { prefersWide } from "./tiles.ts";
import type { Engine } from "../engine.ts";

/**
 * Largest default number of threads: for models that a CPU can train, memory bandwidth is the bottleneck
 * before more threads would help.
 */
const MAX_DEFAULT_THREADS = 16;
/**
 * Number of times that a thread checks a barrier before it sleeps, about 100 µs in total: sleeping and waking
 * costs 40 µs, but a successful check only 0.2 µs.
 */
const SPINS = 2000;

/** Options of `openCpu`. */
export interface CpuOptions {
  /**
   * Number of threads; default: one per core, at most 16. If there are more threads than cores, every thread
   * sleeps at every barrier. With 0, the calling thread executes the kernels instead of a Worker: no
   * permission is needed, but a run blocks the event loop.
   */
  readonly threads?: number;
  /**
   * Library for matrix products. "off" (default): the WASM kernels. "auto": the system's BLAS if there is one
   * and FFI is permitted (--allow-ffi), otherwise the WASM kernels. Any other value: the path of a BLAS.
   */
  readonly blas?: string;
  /** Whether kernels may use relaxed SIMD; default: true if the JavaScript engine supports it. */
  readonly relaxedSimd?: boolean;
  /**
   * Whether matrix products use the wide tile, which is made for the V8 flags of `deno task fast`. Default:
   * true if these flags are set and a trial of 25 ms finds the wide tile faster. Results have the same bits
   * either way.
   */
  readonly wideTile?: boolean;
  /**
   * Module of the threads. Default: worker.ts beside this module; a bundle for browsers names the bundle of
   * that module here.
   */
  readonly worker?: URL;
}

/**
 * Opens the CPU engine. Each session starts its own threads, which end when the session is disposed of.
 * Throws RangeError unless `threads` is a whole number from 0 to 64, Deno.errors.NotCapable if `blas` is a
 * path and FFI is not permitted, and Deno.errors.NotFound if that library cannot be used.
 */
export async function openCpu(options: CpuOptions = {}): Promise<Engine> {
  const cores = navigator.hardwareConcurrency;
  const threads = options.threads ?? Math.min(cores, MAX_DEFAULT_THREADS);
  if (!Number.isInteger(threads) || threads < 0 || threads > 64) {
    throw new RangeError(`Cannot use ${threads} threads: wanted a whole number from 0 to 64`);
  }
  const module = await loadKernels(options.relaxedSimd ?? hasRelaxedSimd);
  const blas = await findBlas(options.blas ?? "off");
  const wide = options.wideTile ?? (blas === null && prefersWide(module));
  const threadOptions = {
    module,
    threads: Math.max(1, threads),
    spins: threads <= cores ? SPINS : 0,
    blas: blas?.path ?? null,
    wide,
    worker: options.worker,
  };
  return {
    name: "cpu",
    device: `WASM SIMD${blas === null ? "" : ` and ${blas.name}`}, ${threadsText(threads)}${
      wide ? ", fast kernels" : ""
    }`,
    open: (programs, weights) =>
      CpuSession.open(programs, { weights, threads: threadOptions, here: threads === 0 }),
  };
}

function threadsText(threads: number): string {
  if (threads === 0) return "the calling thread";
  return threads === 1 ? "1 thread" : `${threads} threads`;
}
