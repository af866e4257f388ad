/**
 * An error that several readers throw.
 *
 * @module
 */

/** Returns the error for an empty file. */
export function emptyFileError(path: string): Error {
  return new Deno.errors.InvalidData(
    `Cannot read documents from ${path}: it is empty: pass a file that contains text`,
  );
}
