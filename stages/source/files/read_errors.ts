/**
 * Errors that several readers throw.
 *
 * @module
 */

/** The error for a file that contains no document. */
export function emptyFileError(path: string): Error {
  return new Deno.errors.InvalidData(
    `Cannot read documents from ${path}: it is empty: pass a file that contains text`,
  );
}

/** Size of a file in bytes. Throws Deno.errors.NotFound if it is missing, IsADirectory for a folder. */
export function fileSize(path: string): number {
  let info: Deno.FileInfo;
  try {
    info = Deno.statSync(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) {
      throw new Deno.errors.NotFound(`Cannot read ${path}: the file does not exist: check the path`, {
        cause,
      });
    }
    throw cause;
  }
  if (info.isDirectory) {
    throw new Deno.errors.IsADirectory(
      `Cannot read ${path}: it is a folder: pass the files in it, for example "${path}/*.txt"`,
    );
  }
  return info.size;
}
