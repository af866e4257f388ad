/**
 * Errors of a run: what failed and where, with the cause.
 *
 * @module
 */

/** `<where>: <the cause's message>`, with the cause. */
export function failure(where: string, cause: unknown): Error {
  return new Error(`${where}: ${asError(cause).message}`, { cause });
}

/** Whatever was thrown, as an Error. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
