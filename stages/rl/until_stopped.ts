/**
 * Waits for functions that somebody else has written, but no longer than the run wants to go on.
 *
 * @module
 */
import { giveBackItem } from "../flow/stage.ts";

/** The run was asked to stop while it waited for a task's own function. */
export class StoppedError extends Error {
  override readonly name = "StoppedError";
}

/** Milliseconds between two looks at whether the run is stopping. */
const LOOK = 100;

/**
 * Waits for the result of `work`. Throws StoppedError if `stopping` returns true before; the work then
 * continues, and its result is dropped.
 */
export async function unlessStopped<T>(work: Promise<T>, stopping: () => boolean): Promise<T> {
  const stopped = Promise.withResolvers<never>();
  const timer = setInterval(() => {
    if (stopping()) stopped.reject(new StoppedError("The run is stopping"));
  }, LOOK);
  try {
    return await Promise.race([work, stopped.promise]);
  } finally {
    clearInterval(timer);
  }
}

/** Returns the result of `work`, which prepares an item for training; gives it back if the run stops. */
export async function orGiveBack<T>(work: () => Promise<T>): Promise<T | typeof giveBackItem> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StoppedError) return giveBackItem;
    throw error;
  }
}
