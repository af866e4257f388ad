/**
 * Ctrl-C, SIGTERM and SIGHUP: the first signal makes a run write a checkpoint and stop, the second stops it
 * at once.
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
  let stopping = false;
  const interrupt = (): void => {
    if (stopping) handlers.second();
    else hangUp();
  };
  // A closing terminal may send SIGHUP several times, so that a further one does not mean more.
  const hangUp = (): void => {
    if (!stopping) handlers.first();
    stopping = true;
  };
  const listeners: [Deno.Signal, () => void][] = Deno.build.os === "windows"
    ? [["SIGINT", interrupt], ["SIGBREAK", interrupt]]
    : [["SIGINT", interrupt], ["SIGTERM", interrupt], ["SIGHUP", hangUp]];
  for (const [signal, listener] of listeners) Deno.addSignalListener(signal, listener);
  return {
    [Symbol.dispose]() {
      for (const [signal, listener] of listeners) Deno.removeSignalListener(signal, listener);
    },
  };
}
