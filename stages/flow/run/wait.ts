/**
 * Waiting only where there is something to wait for: a call that finishes at once returns undefined, not a promise, so a
 * chain of synchronous stages costs plain function calls.
 *
 * @module
 */

/** Undefined: finished; else a promise that resolves when the work is finished. */
export type Wait = void | Promise<void>;

/** Calls `next` once `first` is finished: at once, where it is already. */
export function then(first: Wait, next: () => Wait): Wait {
  return first === undefined ? next() : first.then(next);
}
