/**
 * The CPU engine: WASM SIMD kernels in Workers on one shared memory. A run is a list of op tables in that
 * memory, which all threads execute together: no message is sent per call, nothing is allocated, and the main
 * thread's event loop stays free. Needs --allow-read for the worker's module and the kernels.
 *
 * The order of every sum follows from shapes alone, so that results have the same bits for any number of
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
 * Default limit of threads: for models that a CPU can train, memory bandwidth limits a step before more
 * threads help.
 */
const MAX_DEFAULT_THREADS = 16;
/**
 * Checks before a thread sleeps at a barrier, about 100 µs: sleeping and waking costs 40 µs, a successful
 * check 0.2 µs.
 */
const SPINS = 2000;

/** Options of `openCpu`. */
export interface CpuOptions {
  /**
   * Number of threads; default one per core, at most 16. With more threads than cores each sleeps at every
   * barrier.
   */
  readonly threads?: number;
  /**
   * Library for matrix products: "off" (default) for the WASM kernels; "auto" for the system's BLAS where
   * there is one and FFI is permitted (--allow-ffi), else WASM; or the path of a BLAS.
   */
  readonly blas?: string;
  /** Whether kernels may use relaxed SIMD; default: where the WASM engine has it. */
  readonly relaxedSimd?: boolean;
  /**
   * Whether matrix products use the wide tile, made for the V8 flags of `deno task fast`. Default: only under
   * these flags, and if a trial of 25 ms finds it faster. Results have the same bits either way.
   */
  readonly wideTile?: boolean;
}

/**
 * Opens the CPU engine. Each session starts its own threads, which end when the session is disposed of.
 * Throws RangeError unless `threads` is a whole number from 1 to 64, Deno.errors.NotCapable where FFI is not
 * permitted for the path of a BLAS, and Deno.errors.NotFound where it cannot be used.
 */
export async function openCpu(options: CpuOptions = {}): Promise<Engine> {
  const cores = navigator.hardwareConcurrency;
  const threads = options.threads ?? Math.min(cores, MAX_DEFAULT_THREADS);
  if (!Number.isInteger(threads) || threads < 1 || threads > 64) {
    throw new RangeError(`Cannot use ${threads} threads: wanted a whole number from 1 to 64`);
  }
  const module = await loadKernels(options.relaxedSimd ?? hasRelaxedSimd);
  const blas = await findBlas(options.blas ?? "off");
  const wide = options.wideTile ?? (blas === null && prefersWide(module));
  const threadOptions = {
    module,
    threads,
    spins: threads <= cores ? SPINS : 0,
    blas: blas?.path ?? null,
    wide,
  };
  return {
    name: "cpu",
    device: `WASM SIMD${blas === null ? "" : ` and ${blas.name}`}, ${threads} ${
      threads === 1 ? "thread" : "threads"
    }${wide ? ", fast kernels" : ""}`,
    open: (programs, weights) => CpuSession.open(programs, { weights, threads: threadOptions }),
  };
}
