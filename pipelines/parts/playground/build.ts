/**
 * Builds the playground: a folder of a page, its scripts and its texts, which any web server can serve. The
 * page also opens from disk: a folder of a few files has all that it needs.
 *
 * @module
 */
import uplotStyle from "uplot/dist/uPlot.min.css" with { type: "text" };
import { entriesIn, makeFolder } from "../../../stages/disk/files.ts";
import { exists, readIfThere, writeWhole } from "../../../stages/disk/whole_files.ts";
import { UsageError } from "../../../stages/run/usage_error.ts";
import page from "../../page/playground/page.html" with { type: "text" };
import baseStyle from "../../../stages/report/base.css" with { type: "text" };
import style from "../../page/playground/style.css" with { type: "text" };
import { bundled } from "./bundle.ts";
import { hostHeaders } from "./host_headers.ts";

/**
 * Modules of the page, and the files that they become. The page's script and its worker's are none, since
 * browsers run no modules from disk.
 */
const modules = {
  "app.js": { path: "views/main.ts", format: "iife" },
  "worker.js": { path: "worker/main.ts", format: "iife" },
  "thread.js": { path: "worker/thread.ts", format: "esm" },
} as const;

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
    ["style.css", `${uplotStyle}\n${baseStyle}${style}`],
    ["_headers", `/*\n${hostHeaders.map(([name, value]) => `  ${name}: ${value}\n`).join("")}`],
  ];
  const scripts = await bundledModules();
  files.push(...Object.entries(scripts));
  const ownTexts = Object.entries(texts).map(([name, text]) => [`${name}.txt`, text] as const);
  for (const [name, text] of ownTexts) files.push([name, text]);
  files.push([
    "offline.js",
    offlineScript({ "worker.js": scripts["worker.js"], ...Object.fromEntries(ownTexts) }),
  ]);
  await makeFolder(folder);
  let bytes = 0;
  for (const [name, content] of files) {
    await writeWhole(`${folder}/${name}`, content);
    bytes += new TextEncoder().encode(content).length;
  }
  return bytes;
}

/** Bundles all modules; one after another, so that the bundler is fetched once. */
async function bundledModules(): Promise<Record<keyof typeof modules, string>> {
  const code = async (name: keyof typeof modules): Promise<string> => {
    const { path, format } = modules[name];
    return await bundled(new URL(`../../page/playground/${path}`, import.meta.url), format);
  };
  return {
    "app.js": await code("app.js"),
    "worker.js": await code("worker.js"),
    "thread.js": await code("thread.js"),
  };
}

/** Returns a script that holds the files which a page from disk cannot read. */
function offlineScript(files: Readonly<Record<string, string>>): string {
  return `globalThis.offlineFiles = ${JSON.stringify(files)};\n`;
}
