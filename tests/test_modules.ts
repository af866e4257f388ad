/**
 * Writes the modules that `deno test` is given. Each gets an isolate of its own, which loads the project
 * again, so the tests of one folder of a layer, such as `tests/stages/flow`, are loaded by one module, and
 * all examples in docs by another.
 *
 * @module
 */
import { groupByFolder, type TestPaths } from "./test_sets.ts";

/**
 * Writes modules that load the tests and examples of `paths` to `folder`; with `apart`, one module for each
 * test file. Returns their paths.
 */
export async function writeTestModules(
  { files, docs }: TestPaths,
  { root, folder, apart = false }: { readonly root: URL; readonly folder: string; readonly apart?: boolean },
): Promise<string[]> {
  const together = apart
    ? files.map((file) => [file.replace(/_test\.ts$/, ""), [file]] as const)
    : groupByFolder(files);
  const groups = [...together].map(([name, files]): readonly [string, string] => [
    name.replaceAll("/", "_"),
    files.map((file) => `import ${JSON.stringify(new URL(file, root).href)};\n`).join(""),
  ]);
  const examples = `import { exampleTests } from ${JSON.stringify(new URL("tests/examples.ts", root).href)};
await exampleTests(${JSON.stringify(docs)});\n`;
  const modules = docs.length === 0 ? groups : [...groups, ["examples", examples] as const];
  return await Promise.all(modules.map(async ([name, code]) => {
    const path = `${folder}/${name}_test.ts`;
    await Deno.writeTextFile(path, code);
    return path;
  }));
}
