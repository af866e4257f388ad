/**
 * Ctrl-C, SIGTERM and SIGHUP: the first signal makes a run write a checkpoint and stop, the second stops it
 * at once. SIGUSR2 is the signal of schedulers that will need the machine: the run writes a checkpoint and
 * ends with exit code 0.
 *
 * @module
 */

/** What to do at the first signal and at any later signal. */
export interface InterruptHandlers {
  first(): void;
  second(): void;
  /** What to do at SIGUSR2, by which a scheduler says that it needs the machine; any number of times. */
  preempt(): void;
}

/**
 * Milliseconds after the first signal in which further ones belong to the same key press: a terminal sends
 * Ctrl-C to all processes in it, and `deno task` sends it to its child once more.
 */
const samePress = 500;

/** Calls `stop` at every signal that asks a process to stop, until disposed. */
export function onStopSignals(stop: () => void): Disposable {
  return listen(stopSignals.map((signal) => [signal, stop]));
}

/**
 * SIGUSR1 is not among them: it makes Deno open its inspector. Windows has neither SIGHUP nor SIGUSR2.
 */
const stopSignals: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR2"];

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
  const preempt = (): void => handlers.preempt();
  const of: Partial<Record<Deno.Signal, () => void>> = { SIGHUP: hangUp, SIGUSR2: preempt };
  return listen(stopSignals.map((signal) => [signal, of[signal] ?? interrupt]));
}

/** Listens to signals until disposed. */
function listen(listeners: readonly (readonly [Deno.Signal, () => void])[]): Disposable {
  for (const [signal, listener] of listeners) Deno.addSignalListener(signal, listener);
  return {
    [Symbol.dispose]() {
      for (const [signal, listener] of listeners) Deno.removeSignalListener(signal, listener);
    },
  };
}
