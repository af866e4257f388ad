/**
 * Tests which npm packages the product needs at its start, and which it fetches later. The limits of a first
 * run are measured in `first_run_test.ts`.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import importMap from "../../.imports.json" with { type: "json" };
import { fetchingText, laterPackages, nameOf, programPackages } from "../../stages/disk/packages.ts";
import { root } from "./script.ts";

const imports: Readonly<Record<string, string>> = importMap.imports;
const config = JSON.parse(await Deno.readTextFile(`${root}deno.json`));
const lock = JSON.parse(await Deno.readTextFile(`${root}deno.lock`));

Deno.test("the product's modules import exactly the packages of `programPackages` and their dependencies", async () => {
  const found = new Set<string>(), inPages = new Set<string>();
  for (const folder of ["kernels", "stages", "pipelines"]) {
    for await (const file of modules(`${root}${folder}`)) {
      for (const specifier of specifiersIn(await Deno.readTextFile(file))) {
        ok(specifier in imports, `${file} imports ${specifier}, which is not in .imports.json`);
        // Modules of pages are bundled for browsers, and fetched only then.
        (file.includes("/pipelines/page/") ? inPages : found).add(nameOf(imports[specifier]));
      }
    }
  }
  const announced = namesOf(closure(Object.keys({ ...laterPackages, ...programPackages })));
  deepStrictEqual(
    [...inPages].filter((name) => !announced.has(name)),
    [],
    "packages of pages that nobody announces",
  );
  const wanted = Object.keys(programPackages);
  deepStrictEqual(wanted.filter((name) => !found.has(name)), [], "packages that no module imports");
  const locked = namesOf(closure(wanted));
  deepStrictEqual([...found].filter((name) => !locked.has(name)), [], "packages that nobody announces");
});

Deno.test("the announced numbers of packages are those of deno.lock, and no size is 0", () => {
  for (const [name, { packages }] of Object.entries({ ...laterPackages, ...programPackages })) {
    strictEqual(packages, closure([name]).size, name);
  }
  for (const { megabytes } of Object.values({ ...laterPackages, ...programPackages })) ok(megabytes > 0);
  const sum = Object.values(programPackages).reduce((sum, { packages }) => sum + packages, 0);
  strictEqual(sum, closure(Object.keys(programPackages)).size);
});

Deno.test("fetchingText() names a single package, and sums several", () => {
  strictEqual(fetchingText(["@huggingface/hub"]), "Fetching @huggingface/hub: 11 npm packages, 11 MB");
  strictEqual(fetchingText(["postal-mime", "picomatch"]), "Fetching 2 npm packages, 2 MB");
  strictEqual(fetchingText(["picomatch"]), "Fetching picomatch: 1 npm package, 1 MB");
});

Deno.test("nameOf() takes the package's name from a specifier with a version", () => {
  strictEqual(nameOf("npm:@huggingface/hub@2.17.5"), "@huggingface/hub");
  strictEqual(nameOf("npm:js-tiktoken@1.0.21/ranks/gpt2"), "js-tiktoken");
  throws(() => nameOf("npm:arquero"), /npm:arquero is no specifier of an npm package with a version/);
});

Deno.test("deno.json has neither imports nor a lock file by default: a task would first fetch all packages in them", () => {
  deepStrictEqual([config.imports, config.importMap, config.lock], [undefined, "./.imports.json", false]);
});

Deno.test("every task uses the lock file, frozen", () => {
  for (const [name, { command }] of Object.entries<{ command: string }>(config.tasks)) {
    for (const part of command.split("&&")) {
      if (!/ deno (run|test|check|bench) /.test(` ${part}`)) continue;
      ok(/ --lock="?(\$ROOT\/)?deno\.lock"? --frozen /.test(part), `${name}: ${part}`);
    }
  }
});

Deno.test("each version stands once in .imports.json, and no module names one", async () => {
  const versions = new Map<string, string>();
  for (const specifier of Object.values(imports)) {
    const [, version] = /^npm:(@?[^@]+@[^/]+)/.exec(specifier) ?? [];
    const name = nameOf(specifier);
    strictEqual(versions.get(name) ?? version, version, `two versions of ${name}`);
    versions.set(name, version);
  }
  for (const folder of ["kernels", "stages", "pipelines", "tests"]) {
    for await (const file of modules(`${root}${folder}`)) {
      const found = specifiersIn(await Deno.readTextFile(file)).filter((name) => name.startsWith("npm:"));
      deepStrictEqual(found, [], file);
    }
  }
});

/** Returns the packages of deno.lock on which the named packages depend, themselves included. */
function closure(names: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  const wanted = names.map((name) => idOf(name));
  for (let id = wanted.pop(); id !== undefined; id = wanted.pop()) {
    if (found.has(id)) continue;
    found.add(id);
    const { dependencies = [], optionalDependencies = [] } = lock.npm[id];
    wanted.push(...[...dependencies, ...optionalDependencies].map(idOf));
  }
  return found;
}

/**
 * Returns the key of a package in deno.lock; a dependency has its version there only if there are several.
 */
function idOf(dependency: string): string {
  if (dependency in lock.npm) return dependency;
  const ids = Object.keys(lock.npm).filter((id) => id.startsWith(`${dependency}@`));
  if (ids.length === 0) throw new Error(`${dependency} is not in deno.lock`);
  const version = Object.values(imports).find((one) => nameOf(one) === dependency)?.split("@").at(-1);
  return ids.find((id) => version !== undefined && id === `${dependency}@${version.split("/")[0]}`) ?? ids[0];
}

function namesOf(ids: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...ids].map((id) => /^(@?[^@]+)@/.exec(id)![1]));
}

/**
 * Returns the specifiers of the packages that a module imports when it runs. Imports of types and computed
 * specifiers are left out.
 */
function specifiersIn(text: string): string[] {
  const code = text.replace(/^\s*(\*|\/\/).*$/gm, "").replace(/\btypeof import\("[^"]+"\)/g, "");
  const found = code.matchAll(
    /^(?:import|export) (?!type )[^;"]*?\bfrom "([^"]+)"|^import "([^"]+)"|\bimport\(\s*"([^"]+)"/gm,
  );
  return [...found].map(([, named, whole, dynamic]) => named ?? whole ?? dynamic)
    .filter((name) => !/^(\.|node:)/.test(name));
}

/** Yields the product's modules in a folder, without the programs that build WASM, and AssemblyScript. */
async function* modules(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory && name !== "wasm") yield* modules(path);
    else if (name.endsWith(".ts") && !name.endsWith("_wasm.ts")) yield path;
  }
}
