/**
 * Results that need a promise only if there is something to wait for. A chain of synchronous stages then
 * consists of plain function calls.
 *
 * @module
 */

/** Undefined if the work is finished, otherwise a promise that resolves when it is finished. */
export type Wait = void | Promise<void>;

/** Calls `next` when `first` is finished, which is immediately if there is nothing to wait for. */
export function then(first: Wait, next: () => Wait): Wait {
  return first === undefined ? next() : first.then(next);
}
