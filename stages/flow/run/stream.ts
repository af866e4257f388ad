/**
 * A flow as a ReadableStream.
 *
 * @module
 */
import type { RunOptions } from "../run_options.ts";
import type { FlowGraph } from "../step.ts";
import type { Inlet } from "./inlet.ts";
import { Run } from "./run.ts";

/**
 * Returns the flow's output as a stream. Each read runs the flow until the next item; cancelling aborts the
 * run.
 */
export function streamOf<T>(flow: FlowGraph, options: RunOptions): ReadableStream<T> {
  const abort = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, abort.signal]) : abort.signal;
  let nextRead: PromiseWithResolvers<void> | null = null; // resolved when the reader asks for another item
  let nextItem: PromiseWithResolvers<void> | null = null; // resolved when an item is ready, or at the end
  let running: Promise<void> | null = null;
  signal.addEventListener("abort", () => nextRead?.resolve(), { once: true });
  const start = async (controller: ReadableStreamDefaultController<T>) => {
    const end: Inlet = {
      begin: () => {},
      async item(item) {
        controller.enqueue(item as T);
        nextRead = Promise.withResolvers();
        nextItem?.resolve();
        run.keepsProcess(false); // nobody may ever read again, without cancelling
        await nextRead.promise;
        run.keepsProcess(true);
      },
      barrier: (pending) => pending.arrive(),
      end: () => {},
    };
    const run = new Run(flow, { ...options, signal }, end);
    try {
      await run.execute();
      if (!abort.signal.aborted) controller.close();
    } catch (error) {
      if (!abort.signal.aborted) controller.error(error);
    }
    nextItem?.resolve();
  };
  return new ReadableStream<T>({
    pull(controller) {
      nextItem = Promise.withResolvers();
      if (running === null) running = start(controller);
      else nextRead?.resolve();
      return nextItem.promise;
    },
    async cancel(reason) {
      abort.abort(reason);
      await running;
    },
  }, { highWaterMark: 0 });
}
