/**
 * A turn of the event loop amid long work, so that timers and Ctrl-C get their chance.
 *
 * @module
 */

/** Lets everything else that waits run. Throws the signal's reason once it is aborted. */
export async function pause(signal?: AbortSignal): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  signal?.throwIfAborted();
}
