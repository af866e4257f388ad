/**
 * Runs the tests: `run.ts [--set every|gpu|long|lessons] [PATH…] [flags of deno test]`. A path names a folder
 * or file of the project or of `tests/`: `stages/flow` selects `tests/stages/flow` and the examples in the
 * docs of `stages/flow`.
 *
 * A test file's name says which set it belongs to: `x_gpu_test.ts` to `gpu` (full parity, memory and tuning
 * on WebGPU), `x_long_test.ts` to `long` (kills, fuzz, large inputs), `x_lessons_test.ts` to `lessons`, every
 * other `x_test.ts` to `every`, which runs with each change, together with the examples in docs.
 *
 * WebGPU tests use a real GPU if there is one. Otherwise, on Linux x64, they use SwiftShader even if another
 * software adapter is installed, so that runs are comparable and shaders compile fast. On other systems they
 * use the system's adapter.
 *
 * Tests of one folder of a layer, such as `tests/stages/flow`, are loaded together by one module: each module
 * that `deno test` is given gets an isolate of its own, which loads the project again. Types are not checked
 * here but by `deno task check`.
 *
 * The last line is `N passed, N failed, N skipped`, from the test runner's JUnit report; test steps are
 * counted too. The exit code is 1 if a test failed or, with CI=true, if a test with WebGPU in its name or
 * file name was skipped.
 *
 * @module
 */
import { findAdapter } from "../kernels/engine/webgpu/device.ts";
import { countTests } from "./junit.ts";
import { hasSoftwareAdapter, softwareAdapter } from "./software_adapter.ts";
import { groupByFolder, testPaths, type TestSet } from "./test_sets.ts";

const args = [...Deno.args];
const set = args[0] === "--set" ? args.splice(0, 2)[1] as TestSet : "every";
const paths = args.filter((arg) => !arg.startsWith("-")), flags = args.filter((arg) => arg.startsWith("-"));
const root = new URL("../", import.meta.url);
const { files, docs } = await testPaths(root, { set, paths });
if (files.length + docs.length === 0) {
  console.error(
    `No tests of the set ${set} in ${paths.join(", ") || "the project"}: name a folder such as stages/flow`,
  );
  Deno.exit(2);
}

const temporary = await Deno.makeTempDir();
const report = `${temporary}/report.xml`;
const { code } = await new Deno.Command(Deno.execPath(), {
  args: [
    "test",
    "--quiet",
    "--lock=deno.lock",
    "--frozen",
    "--no-check",
    "--allow-all",
    "--config=deno.json",
    `--junit-path=${report}`,
    ...flags,
    ...await writeGroups(groupByFolder(files), { root, folder: temporary }),
    ...docs.length > 0 ? [await writeExamples(docs, { root, folder: temporary })] : [],
  ],
  cwd: decodeURIComponent(root.pathname),
  env: await webgpuEnvironment(),
}).spawn().status;

const counts = countTests(await Deno.readTextFile(report));
await Deno.remove(temporary, { recursive: true });
// A module that does not load fails the run without an entry in the report.
const failed = code === 0 ? counts.failed : Math.max(1, counts.failed);
const skippedWebgpu = counts.skipped.filter((name) => /webgpu/i.test(name));
const forbidden = Deno.env.get("CI") === "true" ? skippedWebgpu.length : 0;
if (forbidden > 0) console.log(`Skipped, which CI=true forbids:\n  ${skippedWebgpu.join("\n  ")}`);
console.log(`${counts.passed} passed, ${failed} failed, ${counts.skipped.length} skipped`);
Deno.exit(failed > 0 || forbidden > 0 ? 1 : 0);

/** Writes a module for each group that imports the group's test files. Returns the paths of the modules. */
async function writeGroups(
  groups: ReadonlyMap<string, readonly string[]>,
  { root, folder }: { readonly root: URL; readonly folder: string },
): Promise<string[]> {
  const paths: string[] = [];
  for (const [name, files] of groups) {
    const path = `${folder}/${name.replaceAll("/", "_")}_test.ts`;
    await Deno.writeTextFile(
      path,
      files.map((file) => `import ${JSON.stringify(new URL(file, root).href)};\n`).join(""),
    );
    paths.push(path);
  }
  return paths;
}

/** Writes a module that tests the examples in the docs of the given paths. Returns its path. */
async function writeExamples(
  docs: readonly string[],
  { root, folder }: { readonly root: URL; readonly folder: string },
): Promise<string> {
  const path = `${folder}/examples_test.ts`, module = new URL("tests/examples.ts", root).href;
  await Deno.writeTextFile(
    path,
    `import { exampleTests } from ${JSON.stringify(module)};\nawait exampleTests(${JSON.stringify(docs)});\n`,
  );
  return path;
}

/**
 * Environment variables that let a new Deno process find the adapter for the tests. Also prints the adapter
 * to stderr.
 */
async function webgpuEnvironment(): Promise<Record<string, string>> {
  const found = await findAdapter();
  if (found !== null && !found.software) {
    console.error(`WebGPU tests run on ${found.description}`);
    return {};
  }
  if (hasSoftwareAdapter) {
    console.error(`WebGPU tests run on SwiftShader: ${found?.description ?? "no adapter"} here is no GPU`);
    return await softwareAdapter();
  }
  console.error(`WebGPU tests run on ${found?.description ?? "no adapter: they will fail"}`);
  return {};
}
