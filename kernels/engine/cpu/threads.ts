/**
 * The CPU engine's threads: Workers that each hold an instance of the kernels on one shared memory.
 *
 * @module
 */
import type { Program } from "../../core/program.ts";
import { fail, scratchBytes } from "./control.ts";
import type { Layout } from "./layout.ts";
import type { MemoryRange, StartMessage, WorkerMessage } from "./worker.ts";

/** The kernels, how many threads to run them on, who multiplies. */
export type ThreadOptions = Pick<StartMessage, "module" | "threads" | "spins" | "blas" | "wide">;

/** Workers on their way. */
export interface WorkerThreads {
  /** To be terminated in the end. */
  readonly workers: readonly Worker[];
  /** All have instantiated the kernels. */
  readonly ready: Promise<unknown>;
  /** Rejects with the first worker's failure, saying in which op of which program. */
  readonly failure: Promise<never>;
  /** The next so many answers of timed runs, one a thread and round: thread and numbers as `timedNumbers` says. */
  times(count: number): Promise<readonly { readonly thread: number; readonly times: Float64Array }[]>;
}

/** The control block of a session's memory. Throws TypeError if the memory is not shared. */
export function controlOf(memory: WebAssembly.Memory): Int32Array<SharedArrayBuffer> {
  if (!(memory.buffer instanceof SharedArrayBuffer)) {
    throw new TypeError("The CPU engine needs shared memory");
  }
  return new Int32Array(memory.buffer);
}

/** Starts one worker a thread. */
export function startThreads(
  programs: readonly Program[],
  { pool, layout, memory, exports, zeros }: {
    pool: ThreadOptions;
    layout: Layout;
    memory: WebAssembly.Memory;
    exports: readonly string[];
    zeros: readonly MemoryRange[];
  },
): WorkerThreads {
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {}); // seen by the run that it breaks, or by nobody
  const control = controlOf(memory);
  const workers: Worker[] = [];
  const ready: Promise<void>[] = [];
  const timed: { thread: number; times: Float64Array }[] = [];
  let heard = Promise.withResolvers<void>();
  for (let thread = 0; thread < pool.threads; thread++) {
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
        heard.resolve();
      } else failed.reject(new Error(failureText(data, { programs, layout })));
    };
    worker.onerror = (event) => {
      event.preventDefault();
      fail(control);
      failed.reject(new Error(`Cannot go on: thread ${thread} of the CPU engine ended: ${event.message}`));
    };
    const scratch = layout.scratch + thread * scratchBytes;
    const start: StartMessage = { ...pool, memory, exports, zeros, thread, scratch };
    worker.postMessage(start);
  }
  return {
    workers,
    ready: Promise.all(ready),
    failure: failed.promise,
    async times(count) {
      while (timed.length < count) {
        heard = Promise.withResolvers();
        await Promise.race([heard.promise, failed.promise]);
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
    ? "before its first op"
    : `at ${broken.outputs[0].label} (op ${broken.op.name}, call ${call} of program ${program?.name})`;
  return `Cannot go on: the CPU engine failed ${where}: ${failed}`;
}
