/**
 * Errors of a run: what failed and where, with the cause.
 *
 * @module
 */
import { explained } from "../../disk/file_error.ts";

const placed = new WeakSet<object>();

/** `<where>: <the cause's message>`, with the cause; a file system error is put into words. */
export function failure(where: string, cause: unknown): Error {
  return markPlaced(new Error(`${where}: ${explained(asError(cause)).message}`, { cause }));
}

/** Says that an error names its place already: nothing is to be put before it. */
export function markPlaced<E extends Error>(error: E): E {
  placed.add(error);
  return error;
}

/** Whether an error names its place already. */
export function isPlaced(error: unknown): boolean {
  return error instanceof Error && placed.has(error);
}

/** Whatever was thrown, as an Error. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
