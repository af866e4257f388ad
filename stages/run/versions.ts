/**
 * Versions that are recorded in a run's config.json.
 *
 * @module
 */
import { resolve } from "node:path";
import manifest from "../../deno.json" with { type: "json" };
import { pathOfUrl } from "../disk/paths.ts";
import { isFolderSync, readIfThere } from "../disk/whole_files.ts";

/** Returns the versions of this program, Deno, V8 and TypeScript; the key is the program's name. */
export function versions(): Readonly<Record<string, string>> {
  const { deno, v8, typescript } = Deno.version;
  return { [manifest.name]: manifest.version, deno, v8, typescript };
}

/**
 * Returns the Git commit that is checked out in a folder (default: that of the program); undefined if the
 * folder is no clone or may not be read. Source: gitrepository-layout(5).
 */
export async function commitIn(
  folder = pathOfUrl(new URL("../../", import.meta.url)),
): Promise<string | undefined> {
  try {
    const git = await gitFolder(folder);
    const head = (await readIfThere(`${git}/HEAD`))?.trim() ?? "";
    const ref = /^ref: (refs\/\S+)$/.exec(head)?.[1];
    return hashIn(ref === undefined ? head : await refIn(git, ref));
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable || error instanceof Deno.errors.PermissionDenied) {
      return undefined;
    }
    throw error;
  }
}

/** Returns the folder of a clone's data, which a linked worktree names in the file `.git`. */
async function gitFolder(folder: string): Promise<string> {
  if (isFolderSync(`${folder}/.git`)) return `${folder}/.git`;
  const link = /^gitdir: (.+)$/m.exec(await readIfThere(`${folder}/.git`) ?? "")?.[1];
  return link === undefined ? `${folder}/.git` : resolve(folder, link);
}

/** Returns the content of a reference, which is a file of its own or a line of `packed-refs`. */
async function refIn(git: string, ref: string): Promise<string> {
  const common = (await readIfThere(`${git}/commondir`))?.trim();
  for (const folder of common === undefined ? [git] : [git, resolve(git, common)]) {
    const loose = await readIfThere(`${folder}/${ref}`);
    if (loose !== null) return loose;
    const packed = await readIfThere(`${folder}/packed-refs`) ?? "";
    const line = packed.split("\n").find((line) => line.endsWith(` ${ref}`));
    if (line !== undefined) return line;
  }
  return "";
}

function hashIn(text: string): string | undefined {
  return /^[0-9a-f]{40}([0-9a-f]{24})?\b/.exec(text)?.[0];
}
