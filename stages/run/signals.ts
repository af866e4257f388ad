/**
 * Ctrl-C and SIGTERM: the first signal makes a run write a checkpoint and stop, the second stops it at once.
 *
 * @module
 */

/** What to do at the first signal and at any later signal. */
export interface InterruptHandlers {
  first(): void;
  second(): void;
}

/** Handles signals until disposed. */
export function onInterrupt(handlers: InterruptHandlers): Disposable {
  let times = 0;
  const listener = (): void => {
    if (++times === 1) handlers.first();
    else handlers.second();
  };
  const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT", "SIGBREAK"] : ["SIGINT", "SIGTERM"];
  for (const signal of signals) Deno.addSignalListener(signal, listener);
  return {
    [Symbol.dispose]() {
      for (const signal of signals) Deno.removeSignalListener(signal, listener);
    },
  };
}
