/**
 * A thread of the CPU engine: waits for runs, goes through the op tables in shared memory, meets the others after each
 * op. It never returns to its event loop between runs, so starting one costs no message.
 *
 * @module
 */
import { Barrier, fail, opWords, RunAborted, runListAddress, waitForChange, word } from "./control.ts";
import { blasAttention, type RowKernels } from "./attention.ts";
import { openBlas } from "./blas.ts";
import { blasProducts, type FinishKernel, type WasmKernel } from "./product.ts";

/** A piece of memory. */
export interface MemoryRange {
  /** Of its first byte; a whole number of floats. */
  readonly address: number;
  /** Its length. */
  readonly bytes: number;
}

/** What the main thread sends once. */
export interface StartMessage {
  /** kernels.wasm, compiled once for all. */
  readonly module: WebAssembly.Module;
  /** Shared. */
  readonly memory: WebAssembly.Memory;
  /** The module's exports, in the order that op tables number them. */
  readonly exports: readonly string[];
  /** Which of `threads`, from 0. */
  readonly thread: number;
  /** How many there are. */
  readonly threads: number;
  /** Looks at a barrier before sleeping. */
  readonly spins: number;
  /** Address of this thread's scratch. */
  readonly scratch: number;
  /** Tensors that begin as zeros. */
  readonly zeros: readonly MemoryRange[];
  /** The library that multiplies, else the WASM kernel does. */
  readonly blas: string | null;
  /** Whether that kernel uses the wide tile. */
  readonly wide: boolean;
}

/**
 * What it answers: that it is ready, the times of a run (`timedNumbers` a call), or how it failed and where in which
 * program (address of its table, call).
 */
export type WorkerMessage =
  | { readonly ready: true }
  | { readonly times: Float64Array<ArrayBuffer> }
  | { readonly failed: string; readonly table: number; readonly call: number };

// A worker's global scope, as far as it is used here: the project's types are those of a main thread.
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
    const slope_rows = exports.slope_rows as RowKernels["slope_rows"];
    const attention = exports.attention as WasmKernel, attention_grad = exports.attention_grad as WasmKernel;
    const native = [
      ...blasProducts(blas, {
        memory,
        finish: exports.finish as FinishKernel,
        wasm: (name) => exports[name] as WasmKernel,
      }),
      ...(blas.concurrent
        ? blasAttention(blas, {
          memory,
          rows: { softmax_rows, slope_rows },
          wasm: { attention, attention_grad },
        })
        : []),
    ];
    for (const [name, kernel] of native) kernels[start.exports.indexOf(name)] = kernel;
  }
  const control = new Int32Array(start.memory.buffer as unknown as SharedArrayBuffer);
  touch(start, control);
  scope.postMessage({ ready: true });
  serve(start, kernels, control);
  scope.close();
};

/**
 * Writes zeros over this thread's part of what holds zeros anyway: a page that a kernel reads first and then writes is
 * handed out by the system twice, and by one thread.
 */
function touch({ zeros, thread, threads }: StartMessage, words: Int32Array): void {
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
    // Read once: a thread that is late out of the last barrier must not see the next run's number.
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

/** Milliseconds that all threads count alike. */
function now(): number {
  return performance.timeOrigin + performance.now();
}
