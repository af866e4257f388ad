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

/**
 * Milliseconds after the first signal in which further ones belong to the same key press: a terminal sends
 * Ctrl-C to all processes in it, and `deno task` sends it to its child once more.
 */
const samePress = 500;

/** Handles signals until disposed. */
export function onInterrupt(handlers: InterruptHandlers): Disposable {
  let stopping = false, since = 0;
  const interrupt = (): void => {
    if (!stopping) hangUp();
    else if (performance.now() - since > samePress) handlers.second();
  };
  // A closing terminal may send SIGHUP several times, so that a further one does not mean more.
  const hangUp = (): void => {
    if (stopping) return;
    stopping = true;
    since = performance.now();
    handlers.first();
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
