/**
 * Gives the event loop a turn during long synchronous work, so that timers and Ctrl-C are handled.
 *
 * @module
 */

/** Lets pending tasks of the event loop run. Throws the signal's reason if it is aborted. */
export async function pause(signal?: AbortSignal): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  signal?.throwIfAborted();
}
