/**
 * Builds the playground: a folder of a page, its scripts and its texts, which any web server can serve.
 *
 * Deno bundles the scripts. It resolves the project's import map, its lock file and its imports of text and
 * WASM as everywhere else, so the kernels of the page are those of the program; a bundler from npm would need
 * a resolver of its own for each. Deno fetches the bundler (esbuild, 10 MB) at the first build.
 *
 * @module
 */
import uplotStyle from "uplot/dist/uPlot.min.css" with { type: "text" };
import { entriesIn, makeFolder } from "../../../stages/disk/files.ts";
import { exists, readIfThere, writeWhole } from "../../../stages/disk/whole_files.ts";
import { UsageError } from "../../../stages/run/usage_error.ts";
import page from "../../page/playground/page.html" with { type: "text" };
import style from "../../page/playground/style.css" with { type: "text" };
import { hostHeaders } from "./host_headers.ts";

/** Modules of the page, and the files that they become. */
const modules: Readonly<Record<string, string>> = {
  "app.js": "views/main.ts",
  "worker.js": "worker/main.ts",
  "thread.js": "worker/thread.ts",
};

/** Texts to train on, keyed by name. */
export type PlaygroundTexts = Readonly<Record<string, string>>;

/** The mark in index.html by which a folder is known as a playground's. */
const mark = '<meta name="generator" content="playground">';

/** Throws UsageError if a folder holds files that are not an earlier playground. */
export async function requirePlaygroundFolder(folder: string): Promise<void> {
  if (!await exists(folder) || (await entriesIn(folder)).length === 0) return;
  const index = await readIfThere(`${folder}/index.html`);
  if (index?.includes(mark) === true) return;
  throw new UsageError(
    `Cannot build the page in ${folder}: it holds other files: give an empty --out, or move the files`,
  );
}

/**
 * Writes the playground to a folder, and returns the number of bytes. Throws Error if the bundler cannot be
 * fetched or a module cannot be bundled.
 */
export async function buildPlayground(folder: string, texts: PlaygroundTexts): Promise<number> {
  const files: [name: string, content: string][] = [
    ["index.html", page],
    ["style.css", `${uplotStyle}\n${style}`],
    ["_headers", `/*\n${hostHeaders.map(([name, value]) => `  ${name}: ${value}\n`).join("")}`],
  ];
  for (const [name, module] of Object.entries(modules)) {
    files.push([name, await bundled(new URL(`../../page/playground/${module}`, import.meta.url))]);
  }
  for (const [name, text] of Object.entries(texts)) files.push([`${name}.txt`, text]);
  await makeFolder(folder);
  let bytes = 0;
  for (const [name, content] of files) {
    await writeWhole(`${folder}/${name}`, content);
    bytes += new TextEncoder().encode(content).length;
  }
  return bytes;
}

/** Returns a module with all that it imports, as code for browsers. */
async function bundled(module: URL): Promise<string> {
  const { success, errors, outputFiles = [] } = await Deno.bundle({
    entrypoints: [module.href],
    platform: "browser",
    format: "esm",
    minify: true,
    write: false,
  }).catch((cause) => {
    throw new Error(
      `Cannot bundle ${module}: ${cause instanceof Error ? cause.message : cause}: ` +
        "connect to the network for the first build, which fetches the bundler",
      { cause },
    );
  });
  const [output] = outputFiles;
  if (success && output !== undefined) return output.text();
  throw new Error(`Cannot bundle ${module}: ${errors.map(({ text }) => text).join("; ")}`);
}
