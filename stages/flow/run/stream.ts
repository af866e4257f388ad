/**
 * A flow as a ReadableStream.
 *
 * @module
 */
import type { RunOptions } from "../run_options.ts";
import type { FlowGraph } from "../step.ts";
import type { Inlet } from "./inlet.ts";
import { Run } from "./run.ts";

/** Each read lets the flow run until the next item comes out; cancelling aborts it. */
export function streamOf<T>(flow: FlowGraph, options: RunOptions): ReadableStream<T> {
  const abort = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, abort.signal]) : abort.signal;
  let asked: PromiseWithResolvers<void> | null = null; // resolved by the reader
  let given: PromiseWithResolvers<void> | null = null; // resolved by the flow
  let running: Promise<void> | null = null;
  signal.addEventListener("abort", () => asked?.resolve(), { once: true });
  const start = async (controller: ReadableStreamDefaultController<T>) => {
    const end: Inlet = {
      item(item) {
        controller.enqueue(item as T);
        asked = Promise.withResolvers();
        given?.resolve();
        return asked.promise;
      },
      barrier: (gathering) => gathering.arrive(),
      end: () => {},
    };
    try {
      await new Run(flow, { ...options, signal }, end).execute();
      if (!abort.signal.aborted) controller.close();
    } catch (error) {
      if (!abort.signal.aborted) controller.error(error);
    }
    given?.resolve();
  };
  return new ReadableStream<T>({
    pull(controller) {
      given = Promise.withResolvers();
      if (running === null) running = start(controller);
      else asked?.resolve();
      return given.promise;
    },
    async cancel(reason) {
      abort.abort(reason);
      await running;
    },
  }, { highWaterMark: 0 });
}
