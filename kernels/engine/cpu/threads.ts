/**
 * The CPU engine's threads: Workers that each instantiate the WASM kernels on one shared memory.
 *
 * @module
 */
import type { Program } from "../../core/program.ts";
import { fail, runListAddress, scratchBytes, word } from "./control.ts";
import type { KernelFailure, MemoryRange, ThreadStart } from "./kernel_thread.ts";
import type { Layout } from "./layout.ts";
import { IdleTimer } from "./idle_timer.ts";
import type { WorkerMessage, WorkerStart } from "./worker.ts";

/** The kernels, the number of threads, the library for matrix products, and the module of the Workers. */
export interface ThreadOptions extends Pick<ThreadStart, "module" | "threads" | "spins" | "blas" | "wide"> {
  /** Module of the Workers; see `CpuOptions`. */
  readonly worker?: URL | undefined;
}

/** A session's memory, and what its threads must know about it. */
export interface SessionMemory {
  /** The shared memory. */
  readonly memory: WebAssembly.Memory;
  /** The control block, at the memory's beginning. */
  readonly control: Int32Array<SharedArrayBuffer>;
  /** Addresses of op tables and scratch memory. */
  readonly layout: Layout;
  /** Names of the module's exports; op tables refer to them by index. */
  readonly exports: readonly string[];
  /** Tensors that start as zeros. */
  readonly zeros: readonly MemoryRange[];
}

/**
 * Milliseconds without a run after which the workers end, since a process does not end before its workers:
 * so a program ends although it has not closed a session. The next run starts them again, which takes about
 * 30 ms.
 */
const idleMs = 1000;

/** The threads of a session. */
export interface Threads {
  /** Resolves once all threads have instantiated the kernels; rejects if one cannot. */
  readonly ready: Promise<unknown>;
  /**
   * Executes op tables, given by address, once on all threads, and measures the calls if `timed`. If a kernel
   * fails, this run and every later one reject with an error that names the call and the program.
   */
  run(tables: readonly number[], timed: boolean): Promise<void>;
  /** Returns the times since the last call, per thread and run; `timingNumbers` says what they contain. */
  times(): Promise<readonly { readonly thread: number; readonly times: Float64Array }[]>;
  /** Ends the threads. No run may be in progress. */
  end(): void;
}

/** Returns the control block of a session's memory. Throws TypeError if the memory is not shared. */
export function controlOf(memory: WebAssembly.Memory): Int32Array<SharedArrayBuffer> {
  const buffer = sharedOf(memory.buffer);
  if (buffer === null) throw new TypeError("The CPU engine needs shared memory");
  return new Int32Array(buffer);
}

/** Returns the buffer if it is shared, and null if not. */
function sharedOf(buffer: ArrayBufferLike): SharedArrayBuffer | null {
  // Browsers name the class SharedArrayBuffer only in pages that are isolated from other origins.
  return isShared(buffer) ? buffer : null;
}

function isShared(buffer: ArrayBufferLike): buffer is SharedArrayBuffer {
  return Object.prototype.toString.call(buffer) === "[object SharedArrayBuffer]";
}

/** Returns what the thread with index `thread` starts with. */
export function startOf(
  thread: number,
  { options, memory: { memory, layout, exports, zeros } }: { options: ThreadOptions; memory: SessionMemory },
): ThreadStart {
  const scratch = layout.scratch + thread * scratchBytes;
  const { worker: _, ...kernels } = options;
  return { ...kernels, memory, exports, zeros, thread, scratch };
}

/** Starts one worker per thread. Workers without work end after a second, and start again when needed. */
export function startThreads(
  programs: readonly Program[],
  { options, memory }: { options: ThreadOptions; memory: SessionMemory },
): Threads {
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {}); // the run that the failure interrupts reports it
  const { control, layout } = memory;
  let workers: Worker[] = [];
  const timed: { thread: number; times: Float64Array }[] = [];
  let arrived = Promise.withResolvers<void>();
  let expected = 0; // messages with times that `times` has not returned
  const idle = new IdleTimer(idleMs, () => {
    const timesMissing = timed.length < expected && Atomics.load(control, word.failed) === 0;
    if (timesMissing) idle.start();
    else endWorkers();
  });

  const startWorkers = (zeros: SessionMemory["zeros"]): Promise<unknown> => {
    const starting: Promise<void>[] = [], module = options.worker ?? new URL("./worker.ts", import.meta.url);
    const run = Atomics.load(control, word.started), generation = Atomics.load(control, word.generation);
    for (let thread = 0; thread < options.threads; thread++) {
      const isReady = Promise.withResolvers<void>();
      starting.push(isReady.promise);
      const start = { ...startOf(thread, { options, memory: { ...memory, zeros } }), run, generation };
      workers.push(startWorker(module, start, {
        onMessage(data) {
          if ("ready" in data) isReady.resolve();
          else if ("times" in data) {
            timed.push({ thread, times: data.times });
            arrived.resolve();
          } else failed.reject(new Error(failureText(data, { programs, layout })));
        },
        onEnd(error) {
          fail(control);
          failed.reject(error);
        },
      }));
    }
    idle.start();
    return idle.during(() => Promise.race([Promise.all(starting), failed.promise]));
  };
  /** Resolves when a run has ended, or failed. */
  const finished = async (run: number): Promise<void> => {
    for (;;) {
      const last = Atomics.load(control, word.finished);
      if (last === run) return;
      // This may wake up for the run before: a worker stores its number and then notifies. If it is
      // interrupted in between, the next run has been started by then, as its number was there.
      const change = Atomics.waitAsync(control, word.finished, last);
      if (change.async) await change.value;
    }
  };
  const endWorkers = (): void => {
    Atomics.add(control, word.generation, 1);
    Atomics.add(control, word.started, 1);
    Atomics.notify(control, word.started);
    for (const worker of workers) worker.terminate();
    workers = [];
  };

  return {
    ready: startWorkers(memory.zeros),
    run: (tables, withTimes) =>
      idle.during(async () => {
        if (Atomics.load(control, word.failed) !== 0) await failed.promise;
        if (workers.length === 0) await startWorkers([]); // their tensors have values by now
        control.set(tables, runListAddress / 4);
        control[word.programs] = tables.length;
        control[word.timed] = Number(withTimes);
        if (withTimes) expected += workers.length;
        const run = Atomics.add(control, word.started, 1) + 1 | 0;
        Atomics.notify(control, word.started);
        await finished(run);
        if (Atomics.load(control, word.failed) !== 0) await failed.promise;
      }),
    async times() {
      while (timed.length < expected) {
        arrived = Promise.withResolvers();
        await Promise.race([arrived.promise, failed.promise]);
      }
      expected = 0;
      return timed.splice(0);
    },
    end() {
      idle.stop();
      endWorkers();
    },
  };
}

/** Starts a worker. `onEnd` is called if the worker ends by itself, which it does only after an error. */
function startWorker(
  module: URL,
  start: WorkerStart,
  { onMessage, onEnd }: { onMessage(data: WorkerMessage): void; onEnd(error: Error): void },
): Worker {
  const worker = new Worker(module, {
    type: "module",
    name: `cpu engine, thread ${start.thread}`,
  });
  worker.onmessage = ({ data }: MessageEvent<WorkerMessage>) => onMessage(data);
  worker.onerror = (event) => {
    event.preventDefault();
    const hint = event.message.includes("Requires read access")
      ? ", or open the engine with threads: 0, which needs no permission"
      : "";
    const { thread } = start;
    onEnd(new Error(`Cannot continue: thread ${thread} of the CPU engine ended: ${event.message}${hint}`));
  };
  worker.postMessage(start);
  return worker;
}

/** Returns the message of an error for a kernel's failure, which names the call and the program. */
export function failureText(
  { failed, table, call }: KernelFailure,
  { programs, layout }: { programs: readonly Program[]; layout: Layout },
): string {
  const program = programs.find((p) => layout.tables.get(p.name) === table);
  const broken = program?.calls[call];
  const where = broken === undefined
    ? "before its first call"
    : `at ${broken.outputs[0].label} (op ${broken.op.name}, call ${call} of program ${program?.name})`;
  return `Cannot continue: the CPU engine failed ${where}: ${failed}`;
}
