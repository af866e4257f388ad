/**
 * The error for a wrong command line, or for wrong options of a run. The command line prints it as one line,
 * writes no file, and ends with exit code 2.
 *
 * @module
 */

/** Wrong options. The message says what is wrong, what was expected, and the nearest valid name. */
export class UsageError extends Error {
  /** The name with which a stack trace begins. */
  override readonly name = "UsageError";
}
