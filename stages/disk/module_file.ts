/**
 * Imports modules that users name by a path.
 *
 * @module
 */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { fileError } from "./file_error.ts";

/** Returns the URL of a file; a relative path starts at the current folder. */
export function moduleUrl(path: string): string {
  return path.startsWith("file:") ? path : pathToFileURL(resolve(path)).href;
}

/**
 * Returns the exports of a TypeScript or JavaScript file. Throws the errors of `fileError` if the file cannot
 * be read (`action` completes "Cannot … PATH", `hint` says what to do), and an Error whose cause is the
 * module's own if it cannot be loaded, for example because of its syntax or its imports.
 */
export async function loadModule(
  path: string,
  { action, hint }: { readonly action: string; readonly hint: string },
): Promise<Readonly<Record<string, unknown>>> {
  const url = moduleUrl(path);
  try {
    await Deno.readFile(new URL(url)); // import() does not say which of the files is missing, or why
  } catch (error) {
    throw fileError(error, { action, path, hint });
  }
  try {
    return await import(url);
  } catch (error) {
    throw new Error(`Cannot ${action} ${path}: the file cannot be loaded`, { cause: error });
  }
}
