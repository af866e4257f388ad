/**
 * The command line was wrong: one line, exit code 2, nothing written.
 *
 * @module
 */

/** What was typed cannot be meant: says what is wrong, what was expected, and the nearest valid name. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
