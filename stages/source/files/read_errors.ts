/**
 * Errors that several readers throw.
 *
 * @module
 */
import { fileInfoSync } from "../../disk/files.ts";

/** Returns the error for an empty file. */
export function emptyFileError(path: string): Error {
  return new Deno.errors.InvalidData(
    `Cannot read documents from ${path}: it is empty: pass a file that contains text`,
  );
}

/**
 * Returns the size of a file in bytes. Throws Deno.errors.NotFound if the file is missing, and IsADirectory
 * if the path is a folder.
 */
export function fileSize(path: string): number {
  const { isDirectory, size } = fileInfoSync(path);
  if (isDirectory) {
    throw new Deno.errors.IsADirectory(
      `Cannot read ${path}: it is a folder: pass the files in it, for example "${path}/*.txt"`,
    );
  }
  return size;
}
