/**
 * Ctrl-C and SIGTERM: once to stop softly, again to stop at once.
 *
 * @module
 */

/** What to do at the first signal and at the second. */
export interface InterruptHandlers {
  first(): void;
  second(): void;
}

/** Listens until disposed. */
export function onInterrupt(interrupts: InterruptHandlers): Disposable {
  let times = 0;
  const listener = (): void => {
    if (++times === 1) interrupts.first();
    else interrupts.second();
  };
  const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT", "SIGBREAK"] : ["SIGINT", "SIGTERM"];
  for (const signal of signals) Deno.addSignalListener(signal, listener);
  return {
    [Symbol.dispose]() {
      for (const signal of signals) Deno.removeSignalListener(signal, listener);
    },
  };
}
