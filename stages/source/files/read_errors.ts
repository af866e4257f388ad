/**
 * The errors that readers share: said once, with file and mend.
 *
 * @module
 */

/** A file that holds no document. */
export function emptyFileError(path: string, what = "it is empty"): Error {
  return new Deno.errors.InvalidData(
    `Cannot read documents from ${path}: ${what}: pass a file with text in it`,
  );
}

/** Size of a file in bytes. Throws Deno.errors.NotFound if it is missing, IsADirectory for a folder, each with a mend. */
export function fileSize(path: string): number {
  let info: Deno.FileInfo;
  try {
    info = Deno.statSync(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) {
      throw new Deno.errors.NotFound(`Cannot read ${path}: there is no such file: check the path`, { cause });
    }
    throw cause;
  }
  if (info.isDirectory) {
    throw new Deno.errors.IsADirectory(
      `Cannot read ${path}: it is a folder: pass the files in it, as "${path}/*.txt"`,
    );
  }
  return info.size;
}
