/**
 * Bundles modules for browsers.
 *
 * Deno bundles: it resolves the project's import map, its lock file and its imports of text and WASM as
 * everywhere else, so the kernels of a page are those of the program; a bundler from npm would need a
 * resolver of its own for each. Deno has esbuild do the rest, and fetches it at the first use.
 *
 * @module
 */
import { entriesIn } from "../../../stages/disk/files.ts";
import { fetchedFolder } from "../../../stages/disk/packages.ts";

/** Kinds of scripts: a module, or a script that browsers run from disk too, where they run no modules. */
export type ScriptFormat = "esm" | "iife";

/**
 * Returns a module with all that it imports, as code for browsers. Announces it on standard error if the
 * bundler has to be fetched. Throws Error if it cannot be fetched or the module cannot be bundled.
 */
export async function bundled(module: URL, format: ScriptFormat): Promise<string> {
  const isThere = await isBundlerThere();
  if (!isThere) console.error("Fetching esbuild: 1 npm package, 10 MB …");
  const { success, errors, outputFiles = [] } = await Deno.bundle({
    entrypoints: [module.href],
    platform: "browser",
    format,
    minify: true,
    write: false,
  }).catch((cause) => {
    if (isThere) throw cause;
    throw new Error(
      "Cannot fetch esbuild from the npm registry: connect to the network and run the command again",
      { cause },
    );
  });
  const [output] = outputFiles;
  if (success && output !== undefined) return output.text();
  throw new Error(`Cannot bundle ${module}: ${errors.map(({ text }) => text).join("; ")}`);
}

/** Returns whether Deno has fetched its bundler, or true if that is unknown. */
async function isBundlerThere(): Promise<boolean> {
  const folder = fetchedFolder();
  if (folder === null) return true;
  const entries = await entriesIn(`${folder}/dl`).catch(() => []);
  return entries.some(({ name }) => name.startsWith("esbuild-"));
}
