/**
 * Errors of a run, with the place where they happened.
 *
 * @module
 */
import { explained } from "../../disk/file_error.ts";

/** Errors whose message already names the stage and the item. */
const placed = new WeakSet<object>();

/**
 * Returns an error with the message `<where>: <message of the cause>`. A file system error is explained in
 * words.
 */
export function failure(where: string, cause: unknown): Error {
  return markPlaced(new Error(`${where}: ${explained(asError(cause)).message}`, { cause }));
}

/** Marks an error whose message already names its place. */
export function markPlaced<E extends Error>(error: E): E {
  placed.add(error);
  return error;
}

/** Returns whether the error's message already names its place. */
export function isPlaced(error: unknown): boolean {
  return error instanceof Error && placed.has(error);
}

/** Returns the thrown value as an Error. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
