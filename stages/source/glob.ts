/**
 * Files that a path or glob names. (Deno's and tinyglobby's globs read the environment, which no task here may.)
 *
 * @module
 */
import picomatch from "picomatch";

const matcher: (glob: string) => (path: string) => boolean = picomatch;
const scan: (glob: string) => { readonly base: string; readonly isGlob: boolean } = picomatch.scan;

/** The file at `glob` if there is one, else the files that it matches, sorted; empty where there are none. */
export function filesMatching(glob: string): string[] {
  if (isFile(glob)) return [glob]; // whatever characters its name has
  const { base, isGlob } = scan(glob);
  if (!isGlob) return [];
  const matches = matcher(glob);
  const paths = base === "" ? [...walk(".")].map((path) => path.slice(2)) : [...walk(base)];
  return paths.filter((path) => matches(path)).sort();
}

function* walk(dir: string): Generator<string> {
  let entries: Deno.DirEntry[];
  try {
    entries = [...Deno.readDirSync(dir)];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return;
    throw error;
  }
  for (const { name, isDirectory } of entries) {
    const path = dir.endsWith("/") ? `${dir}${name}` : `${dir}/${name}`;
    if (isDirectory) yield* walk(path);
    else if (isFile(path)) yield path;
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
    throw error;
  }
}
