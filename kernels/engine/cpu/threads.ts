/**
 * The CPU engine's threads: Workers that each instantiate the WASM kernels on one shared memory.
 *
 * @module
 */
import type { Program } from "../../core/program.ts";
import { fail, scratchBytes } from "./control.ts";
import type { Layout } from "./layout.ts";
import type { MemoryRange, StartMessage, WorkerMessage } from "./worker.ts";

/** The kernels, the number of threads, and the library for matrix products. */
export type ThreadOptions = Pick<StartMessage, "module" | "threads" | "spins" | "blas" | "wide">;

/** The workers of a session. */
export interface WorkerThreads {
  /** The workers, one per thread; the session terminates them. */
  readonly workers: readonly Worker[];
  /** Resolves once all workers have instantiated the kernels. */
  readonly ready: Promise<unknown>;
  /** Rejects with the first failure of a worker; the message names the call and the program. */
  readonly failure: Promise<never>;
  /**
   * Waits for the next `count` messages with times, one per thread and round; see `timingNumbers` for their
   * contents.
   */
  times(count: number): Promise<readonly { readonly thread: number; readonly times: Float64Array }[]>;
}

/** The control block of a session's memory. Throws TypeError if the memory is not shared. */
export function controlOf(memory: WebAssembly.Memory): Int32Array<SharedArrayBuffer> {
  if (!(memory.buffer instanceof SharedArrayBuffer)) {
    throw new TypeError("The CPU engine needs shared memory");
  }
  return new Int32Array(memory.buffer);
}

/** Starts one worker per thread. */
export function startThreads(
  programs: readonly Program[],
  { options, layout, memory, exports, zeros }: {
    options: ThreadOptions;
    layout: Layout;
    memory: WebAssembly.Memory;
    exports: readonly string[];
    zeros: readonly MemoryRange[];
  },
): WorkerThreads {
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {}); // the run that the failure interrupts reports it
  const control = controlOf(memory);
  const workers: Worker[] = [];
  const ready: Promise<void>[] = [];
  const timed: { thread: number; times: Float64Array }[] = [];
  let arrived = Promise.withResolvers<void>();
  for (let thread = 0; thread < options.threads; thread++) {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), {
      type: "module",
      name: `cpu engine, thread ${thread}`,
    });
    workers.push(worker);
    const isReady = Promise.withResolvers<void>();
    ready.push(isReady.promise);
    worker.onmessage = ({ data }: MessageEvent<WorkerMessage>) => {
      if ("ready" in data) isReady.resolve();
      else if ("times" in data) {
        timed.push({ thread, times: data.times });
        arrived.resolve();
      } else failed.reject(new Error(failureText(data, { programs, layout })));
    };
    worker.onerror = (event) => {
      event.preventDefault();
      fail(control);
      failed.reject(new Error(`Cannot continue: thread ${thread} of the CPU engine ended: ${event.message}`));
    };
    const scratch = layout.scratch + thread * scratchBytes;
    const start: StartMessage = { ...options, memory, exports, zeros, thread, scratch };
    worker.postMessage(start);
  }
  return {
    workers,
    ready: Promise.all(ready),
    failure: failed.promise,
    async times(count) {
      while (timed.length < count) {
        arrived = Promise.withResolvers();
        await Promise.race([arrived.promise, failed.promise]);
      }
      return timed.splice(0, count);
    },
  };
}

function failureText(
  { failed, table, call }: Extract<WorkerMessage, { failed: string }>,
  { programs, layout }: { programs: readonly Program[]; layout: Layout },
): string {
  const program = programs.find((p) => layout.tables.get(p.name) === table);
  const broken = program?.calls[call];
  const where = broken === undefined
    ? "before its first call"
    : `at ${broken.outputs[0].label} (op ${broken.op.name}, call ${call} of program ${program?.name})`;
  return `Cannot continue: the CPU engine failed ${where}: ${failed}`;
}
