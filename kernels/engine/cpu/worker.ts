/**
 * A thread of the CPU engine: it waits for runs, executes them and waits for the other threads after each
 * call. It never returns to its event loop between runs, so that a run starts without a message.
 *
 * @module
 */
import { fail, waitForChange, word } from "./control.ts";
import { type KernelFailure, KernelThread, type ThreadStart } from "./kernel_thread.ts";

/**
 * A message from a worker. It says that the worker is ready, contains the times of a run (`timingNumbers`
 * numbers per call), or reports a failure. A worker receives one message, its `WorkerStart`.
 */
export type WorkerMessage =
  | { readonly ready: true }
  | { readonly times: Float64Array<ArrayBuffer> }
  | KernelFailure;

/** What a worker needs to start. */
export interface WorkerStart extends ThreadStart {
  /** Sequence number of the latest run before the worker started, which it must not execute. */
  readonly run: number;
  /** The control word `generation` when the worker started. */
  readonly generation: number;
}

// Types for the part of a worker's global scope that is used here, since the project's types describe a main
// thread.
const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<WorkerStart>) => void;
  postMessage(answer: WorkerMessage): void;
  close(): void;
};

scope.onmessage = ({ data: start }) => {
  const control = new Int32Array(start.memory.buffer as unknown as SharedArrayBuffer);
  const thread = new KernelThread(start, control);
  try { // no `using` declaration, which not all browsers parse
    scope.postMessage({ ready: true });
    serve(thread, { start, control });
  } finally {
    thread[Symbol.dispose]();
  }
  scope.close();
};

function serve(
  thread: KernelThread,
  { start, control }: { start: WorkerStart; control: Int32Array<SharedArrayBuffer> },
): void {
  for (let run = start.run;;) {
    waitForChange(control, { index: word.started, from: run, spins: start.spins });
    run = Atomics.load(control, word.started);
    if (Atomics.load(control, word.generation) !== start.generation) return;
    const outcome = thread.run();
    if (outcome === "aborted") continue;
    if ("failed" in outcome) {
      scope.postMessage(outcome);
      fail(control);
      continue;
    }
    if (outcome.times !== null) scope.postMessage({ times: outcome.times });
    if (start.thread === 0) {
      Atomics.store(control, word.finished, run);
      Atomics.notify(control, word.finished);
    }
  }
}
