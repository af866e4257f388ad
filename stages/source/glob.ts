/**
 * Files that match a path or a glob. Picomatch is used because the glob functions of Deno's standard library
 * and of tinyglobby read environment variables, for which the tasks have no permission.
 *
 * @module
 */
import picomatch from "picomatch";
import { isMissing } from "../disk/file_error.ts";
import { isFileSync } from "../disk/whole_files.ts";
import { entriesInSync } from "../disk/files.ts";
import { withoutEndSlash } from "../disk/paths.ts";

const matcher: (glob: string) => (path: string) => boolean = picomatch;
const scan: (glob: string) => { readonly base: string; readonly isGlob: boolean } = picomatch.scan;

/**
 * Returns the file at path `glob` if it exists, otherwise all files that the glob matches, sorted. The result
 * is empty if none match.
 */
export function filesMatching(glob: string): string[] {
  if (isFileSync(glob)) return [glob]; // a file name may contain glob characters
  const { base, isGlob } = scan(glob);
  if (!isGlob) return [];
  const matches = matcher(glob);
  const paths = base === "" ? [...walk(".")].map((path) => path.slice(2)) : [...walk(base)];
  return paths.filter((path) => matches(path)).sort();
}

/** Returns all files below a folder, sorted, except those whose name or folder begins with a dot. */
export function filesBelow(folder: string): string[] {
  const base = withoutEndSlash(folder);
  const hidden = (path: string) => /(^|\/)\./.test(path.slice(base.length));
  return [...walk(base)].filter((path) => !hidden(path)).sort();
}

function* walk(dir: string): Generator<string> {
  let entries: Deno.DirEntry[];
  try {
    entries = entriesInSync(dir);
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  for (const { name, isDirectory } of entries) {
    const path = dir.endsWith("/") ? `${dir}${name}` : `${dir}/${name}`;
    if (isDirectory) yield* walk(path);
    else if (isFileSync(path)) yield path;
  }
}
