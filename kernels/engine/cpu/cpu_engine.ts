/**
 * The CPU engine: WASM SIMD kernels on Workers over one shared memory. A run is a list of op tables in that memory,
 * which all threads go through together, so no message is sent per op and nothing is allocated; the main thread's event
 * loop stays free meanwhile. Needs --allow-read (its own module and the kernels).
 *
 * Sums run in an order that follows from shapes alone: results have the same bits for any number of threads.
 *
 * @module
 */
import { findBlas } from "./blas.ts";
import { hasRelaxedSimd, loadKernels } from "./kernels.ts";
import { CpuSession } from "./session.ts";
import { prefersWide } from "./tiles.ts";
import type { Engine } from "../engine.ts";

/** More threads gain nothing at the sizes that a CPU can train: a step is bound by memory long before. */
const MOST_THREADS = 16;
/** Looks before a thread falls asleep at a barrier, about 100 µs: a sleep costs 40 µs, a met look 0.2. */
const SPINS = 2000;

/** How many threads to use. */
export interface CpuOptions {
  /** Default: one a core, at most 16. More than there are cores is slow: threads then sleep at every barrier. */
  readonly threads?: number;
  /**
   * Who multiplies matrices: "off" (default) the WASM kernel; "auto" the system's BLAS where there is one and FFI is
   * permitted (--allow-ffi), else WASM; or the path of a BLAS.
   */
  readonly blas?: string;
  /** Whether kernels may use relaxed SIMD; default: where the WASM engine has it. */
  readonly relaxedSimd?: boolean;
  /**
   * Whether products use the tile made for `deno task fast`; default: under its flags, if a trial of 25 ms at the first
   * call finds it faster. Results have the same bits either way.
   */
  readonly wideTile?: boolean;
}

/**
 * Opens the CPU engine. Throws RangeError unless threads is a whole number from 1 to 64; Deno.errors.NotCapable or
 * NotFound for the path of a BLAS that may not or cannot be used.
 *
 * Labels missing in a session's weights begin as zeros; its programs share memory by label. Sessions hold the threads:
 * dispose of a session to end them.
 */
export async function openCpu(options: CpuOptions = {}): Promise<Engine> {
  const cores = navigator.hardwareConcurrency;
  const threads = options.threads ?? Math.min(cores, MOST_THREADS);
  if (!Number.isInteger(threads) || threads < 1 || threads > 64) {
    throw new RangeError(`Cannot use ${threads} threads: wanted a whole number from 1 to 64`);
  }
  const module = await loadKernels(options.relaxedSimd ?? hasRelaxedSimd);
  const blas = await findBlas(options.blas ?? "off");
  const wide = options.wideTile ?? (blas === null && prefersWide(module));
  const pool = { module, threads, spins: threads <= cores ? SPINS : 0, blas: blas?.path ?? null, wide };
  return {
    name: "cpu",
    device: `WASM SIMD${blas === null ? "" : ` and ${blas.name}`}, ${threads} ${
      threads === 1 ? "thread" : "threads"
    }${wide ? ", fast kernels" : ""}`,
    open: (programs, weights) => CpuSession.open(programs, { weights, pool }),
  };
}
