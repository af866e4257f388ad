/**
 * One thread's part in a run of the CPU engine: it instantiates the WASM kernels on the session's memory and
 * executes the op tables stored there, together with the other threads.
 *
 * @module
 */
import { Barrier, opWords, RunAborted, runListAddress, word } from "./control.ts";
import { blasAttention, type RowKernels } from "./attention.ts";
import { openBlas } from "./blas.ts";
import { blasProducts, type EpilogueKernel, type WasmKernel } from "./product.ts";

/** A range of bytes in shared memory. */
export interface MemoryRange {
  /** Address of its first byte, a multiple of 4. */
  readonly address: number;
  /** Length in bytes. */
  readonly bytes: number;
}

/** What a thread needs to start. */
export interface ThreadStart {
  /** The compiled WASM kernels. */
  readonly module: WebAssembly.Module;
  /** The session's shared memory. */
  readonly memory: WebAssembly.Memory;
  /** Names of the module's exports; op tables refer to them by index. */
  readonly exports: readonly string[];
  /** Index of this thread, starting at 0. */
  readonly thread: number;
  /** Number of threads. */
  readonly threads: number;
  /** Number of times that a thread checks a barrier before it sleeps. */
  readonly spins: number;
  /** Address of this thread's scratch memory. */
  readonly scratch: number;
  /** Tensors that start as zeros. */
  readonly zeros: readonly MemoryRange[];
  /** Path of the BLAS for matrix products; null if the WASM kernels compute them. */
  readonly blas: string | null;
  /** Whether the WASM matrix products use the wide tile. */
  readonly wide: boolean;
}

/** A failure of a kernel, with the address of the op table and the index of the call. */
export interface KernelFailure {
  readonly failed: string;
  readonly table: number;
  readonly call: number;
}

/**
 * Outcome of a run on one thread: `times` has `timingNumbers` numbers per call if the run is timed, otherwise
 * it is null. "aborted" means that another thread failed.
 */
export type RunOutcome = { readonly times: Float64Array<ArrayBuffer> | null } | KernelFailure | "aborted";

/** A thread with its kernels. */
export class KernelThread implements Disposable {
  readonly #start: ThreadStart;
  readonly #control: Int32Array<SharedArrayBuffer>;
  readonly #kernels: readonly WasmKernel[];
  readonly #blas: ReturnType<typeof openBlas> | null;
  readonly #barrier: Barrier;

  /**
   * Instantiates the kernels and writes zeros to this thread's part of the tensors that start as zeros.
   * `control` is the control block of `start.memory`. Throws the errors of `openBlas`.
   */
  constructor(start: ThreadStart, control: Int32Array<SharedArrayBuffer>) {
    const { exports } = new WebAssembly.Instance(start.module, { env: { memory: start.memory } });
    (exports.choose_wide as (wide: number) => void)(Number(start.wide));
    this.#start = start;
    this.#control = control;
    this.#blas = start.blas === null ? null : openBlas(start.blas);
    this.#kernels = kernelsOf(exports, { start, blas: this.#blas });
    this.#barrier = new Barrier(control, start);
    touchPages(start, control);
  }

  /** Executes the op tables of the run list once. A failure of a kernel is returned, not thrown. */
  run(): RunOutcome {
    const control = this.#control, kernels = this.#kernels, barrier = this.#barrier;
    const { thread, threads, scratch } = this.#start;
    // These are read before the calls, because a thread that leaves the final barrier late would see the next
    // run's values.
    const programs = control[word.programs], timed = control[word.timed] !== 0;
    const times: number[] = [];
    let table = 0, call = 0;
    try {
      for (let i = 0; i < programs; i++) {
        table = control[runListAddress / 4 + i];
        const first = (table >>> 2) + 1, count = control[first - 1];
        if (timed) {
          for (call = 0; call < count; call++) {
            const at = first + call * opWords, start = now();
            kernels[control[at]](control[at + 1], control[at + 2], thread, threads, scratch);
            const end = now();
            if (threads > 1) barrier.wait();
            times.push(table >>> 0, call, start, end, now());
          }
          continue;
        }
        for (call = 0; call < count; call++) {
          const at = first + call * opWords;
          kernels[control[at]](control[at + 1], control[at + 2], thread, threads, scratch);
          if (threads > 1) barrier.wait();
        }
      }
    } catch (error) {
      if (error instanceof RunAborted) return "aborted";
      return { failed: String(error), table: table >>> 0, call };
    }
    return { times: timed ? Float64Array.from(times) : null };
  }

  /** Closes the BLAS. */
  [Symbol.dispose](): void {
    this.#blas?.[Symbol.dispose]();
  }
}

/** Returns the kernels in the order of `start.exports`; a BLAS replaces those that it can compute. */
function kernelsOf(
  exports: WebAssembly.Exports,
  { start, blas }: { start: ThreadStart; blas: ReturnType<typeof openBlas> | null },
): readonly WasmKernel[] {
  const kernels = start.exports.map((name) => exports[name] as WasmKernel);
  if (blas === null) return kernels;
  const { memory } = start;
  const softmax_rows = exports.softmax_rows as RowKernels["softmax_rows"];
  const softmax_grad_rows = exports.softmax_grad_rows as RowKernels["softmax_grad_rows"];
  const attention = exports.attention as WasmKernel, attention_grad = exports.attention_grad as WasmKernel;
  const native = [
    ...blasProducts(blas, {
      memory,
      epilogue: exports.epilogue as EpilogueKernel,
      wasm: (name) => exports[name] as WasmKernel,
    }),
    ...(blas.concurrent
      ? blasAttention(blas, {
        memory,
        rows: { softmax_rows, softmax_grad_rows },
        wasm: { attention, attention_grad },
      })
      : []),
  ];
  for (const [name, kernel] of native) kernels[start.exports.indexOf(name)] = kernel;
  return kernels;
}

/**
 * Writes zeros to this thread's part of the tensors that start as zeros, so that all threads share the work
 * of allocating pages. Otherwise a kernel's first read maps the system's zero page, and its first write
 * causes a second page fault.
 */
function touchPages({ zeros, thread, threads }: ThreadStart, words: Int32Array): void {
  for (const { address, bytes } of zeros) {
    const from = address / 4, part = bytes / 4 / threads;
    words.fill(0, from + Math.floor(thread * part), from + Math.floor((thread + 1) * part));
  }
}

/** Returns the time in milliseconds on a clock that all threads share. */
function now(): number {
  return performance.timeOrigin + performance.now();
}
