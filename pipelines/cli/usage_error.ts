/**
 * The error for a wrong command line. It is printed as one line, no file is written, and the exit code is 2.
 *
 * @module
 */

/** A wrong command line. The message says what is wrong, what was expected, and the nearest valid name. */
export class UsageError extends Error {
  /** Name of the error class. */
  override readonly name = "UsageError";
}
