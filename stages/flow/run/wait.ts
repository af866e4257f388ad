/**
 * Results that need a promise only where there is something to wait for. A chain of synchronous stages then
 * costs plain function calls.
 *
 * @module
 */

/** Undefined where the work is finished, else a promise that resolves when it is. */
export type Wait = void | Promise<void>;

/** Calls `next` once `first` is finished: at once where there is nothing to wait for. */
export function then(first: Wait, next: () => Wait): Wait {
  return first === undefined ? next() : first.then(next);
}
