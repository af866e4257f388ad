/**
 * A thread of the CPU engine: it waits for runs, executes the op tables in shared memory and waits for the
 * other threads after each call. It never returns to its event loop between runs, so that a run starts
 * without a message.
 *
 * @module
 */
import { Barrier, fail, opWords, RunAborted, runListAddress, waitForChange, word } from "./control.ts";
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

/** The only message that the main thread sends to a worker. */
export interface StartMessage {
  /** The compiled WASM kernels. */
  readonly module: WebAssembly.Module;
  /** The session's shared memory. */
  readonly memory: WebAssembly.Memory;
  /** Names of the module's exports; op tables refer to them by index. */
  readonly exports: readonly string[];
  /** Index of this thread, from 0. */
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

/**
 * A message from a worker. It says that the worker is ready, contains the times of a run (`timingNumbers`
 * numbers per call), or reports a failure with the address of the op table and the index of the call.
 */
export type WorkerMessage =
  | { readonly ready: true }
  | { readonly times: Float64Array<ArrayBuffer> }
  | { readonly failed: string; readonly table: number; readonly call: number };

// Types for the part of a worker's global scope that is used here, since the project's types describe a main
// thread.
const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<StartMessage>) => void;
  postMessage(answer: WorkerMessage): void;
  close(): void;
};

scope.onmessage = (event) => {
  const start = event.data;
  const { exports } = new WebAssembly.Instance(start.module, { env: { memory: start.memory } });
  const kernels = start.exports.map((name) => exports[name] as WasmKernel);
  (exports.choose_wide as (wide: number) => void)(Number(start.wide));
  using blas = start.blas === null ? null : openBlas(start.blas);
  if (blas !== null) {
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
  }
  const control = new Int32Array(start.memory.buffer as unknown as SharedArrayBuffer);
  touchPages(start, control);
  scope.postMessage({ ready: true });
  serve(start, kernels, control);
  scope.close();
};

/**
 * Writes zeros to this thread's part of the tensors that start as zeros, so that all threads share the work
 * of allocating pages. Otherwise a kernel's first read maps the system's zero page, and its first write
 * causes a second page fault.
 */
function touchPages({ zeros, thread, threads }: StartMessage, words: Int32Array): void {
  for (const { address, bytes } of zeros) {
    const from = address / 4, part = bytes / 4 / threads;
    words.fill(0, from + Math.floor(thread * part), from + Math.floor((thread + 1) * part));
  }
}

function serve(
  start: StartMessage,
  kernels: readonly WasmKernel[],
  control: Int32Array<SharedArrayBuffer>,
): void {
  const { thread, threads, spins, scratch } = start;
  const barrier = new Barrier(control, { threads, spins });
  let table = 0, call = 0;
  for (let run = 0;;) {
    waitForChange(control, { index: word.started, from: run, spins });
    run = Atomics.load(control, word.started);
    if (Atomics.load(control, word.stop) !== 0) return;
    // These are read before the calls, because a thread that leaves the final barrier late would see the next
    // run's values.
    const programs = control[word.programs], timed = control[word.timed] !== 0;
    const times: number[] = [];
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
      if (error instanceof RunAborted) continue;
      scope.postMessage({ failed: String(error), table: table >>> 0, call });
      fail(control);
      continue;
    }
    if (timed) scope.postMessage({ times: Float64Array.from(times) });
    if (thread === 0) {
      Atomics.store(control, word.finished, run);
      Atomics.notify(control, word.finished);
    }
  }
}

/** Time in milliseconds on a clock that all threads share. */
function now(): number {
  return performance.timeOrigin + performance.now();
}
