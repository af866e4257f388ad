/**
 * Runs the tests: `run.ts [--set every|gpu|long|lessons|cluster] [PATH…] [flags of deno test]`. A path names
 * a folder or file of the project or of `tests/`: `stages/flow` selects `tests/stages/flow` and the examples
 * in the docs of `stages/flow`.
 *
 * A test file's name says which set it belongs to: `x_gpu_test.ts` to `gpu` (full parity, memory and tuning
 * on WebGPU), `x_long_test.ts` to `long` (kills, fuzz, large inputs), `x_lessons_test.ts` to `lessons`,
 * `x_cluster_test.ts` to `cluster` (several processes and machines, whose programs it installs), every
 * other `x_test.ts` to `every`, which runs with each change, together with the examples in docs.
 *
 * WebGPU tests use a real GPU if there is one. Otherwise, on Linux x64, they use SwiftShader even if another
 * software adapter is installed, so that runs are comparable and shaders compile fast. On other systems they
 * use the system's adapter.
 *
 * The files in `dawnFiles` run on Deno's WebGPU and then on Dawn.
 *
 * Tests of programs and tests of parts run at the same time, each in a process of `deno test`. In the sets
 * `gpu`, `long` and `lessons` each file gets a process of its own, as many at a time as there are cores, up
 * to four: the tests of one file compile kernels or train on one core most of the time. Types are not checked
 * here but by `deno task check`.
 *
 * The last lines are the counts of tests on Dawn, if any ran there, and of all tests. The last line is `N
 * passed, N failed, N skipped`, from the test runner's JUnit report; test steps are counted too. The exit
 * code is 1 if a test failed or, with CI=true, if a test with WebGPU in its name or file name was skipped.
 *
 * @module
 */
import { findAdapter } from "../kernels/engine/webgpu/device.ts";
import { countTests, type TestCounts } from "./junit.ts";
import { hasSoftwareAdapter, softwareAdapter } from "./software_adapter.ts";
import { writeTestModules } from "./test_modules.ts";
import { dawnFiles, slowFiles, testPaths, type TestSet } from "./test_sets.ts";
import { TextLineStream } from "../stages/flow/std.ts";
import { pathOfUrl } from "../stages/disk/paths.ts";

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
const env = await webgpuEnvironment();
const apart = set === "gpu" || set === "long" || set === "lessons";
const modules = await writeTestModules({ files, docs }, { root, folder: temporary, apart });
const onDawn = files.filter((file) => dawnFiles.includes(file));
await Deno.mkdir(`${temporary}/dawn`);
const dawnModules = await writeTestModules({ files: onDawn, docs: [] }, {
  root,
  folder: `${temporary}/dawn`,
  apart,
});
const dawn = { preload: ["--preload=tests/dawn.ts"] };
if (dawnModules.length > 0) console.log(`Also on Dawn: ${onDawn.join(", ")}`);
const finished = apart
  ? await runPool(
    [
      ...modules.map((module) => ({ modules: [module] })),
      ...dawnModules.map((module) => ({ modules: [module], ...dawn })),
    ].sort((a, b) => Number(isSlow(b.modules[0])) - Number(isSlow(a.modules[0]))),
    Math.min(4, navigator.hardwareConcurrency),
  )
  : [
    ...await runPool(halves(modules).map((half) => ({ modules: half })), 2),
    ...await runPool(dawnModules.length > 0 ? [{ modules: dawnModules, ...dawn }] : [], 1),
  ];
await Deno.remove(temporary, { recursive: true });
if (dawnModules.length > 0) {
  console.log(`On Dawn: ${countsText(sumOf(finished.filter((each) => each.preload.length > 0)))}`);
}
const { passed, failed, skipped } = sumOf(finished);
if (passed + failed + skipped.length === 0) {
  console.error("No test was run: give a path with tests or examples, or another --filter");
  Deno.exit(2);
}
const skippedWebgpu = skipped.filter((name) => /webgpu/i.test(name));
const forbidden = Deno.env.get("CI") === "true" ? skippedWebgpu.length : 0;
if (forbidden > 0) console.log(`Skipped, which CI=true forbids:\n  ${skippedWebgpu.join("\n  ")}`);
console.log(countsText({ passed, failed, skipped }));
Deno.exit(failed > 0 || forbidden > 0 ? 1 : 0);

/**
 * The modules that test programs, of which most start processes and wait for them, and those that test in
 * their own process. Both halves run at once, since each alone leaves a core idle most of the time.
 */
function halves(modules: readonly string[]): string[][] {
  const { programs = [], parts = [] } = Object.groupBy(
    modules,
    (path) => /\/tests_(kernels|stages)/.test(path) ? "parts" : "programs",
  );
  return [programs, parts].filter((half) => half.length > 0);
}

/** Whether a module is that of a test file which takes minutes. */
function isSlow(module: string): boolean {
  return slowFiles.some((file) => module.includes(file.replaceAll("/", "_").replace(/_test\.ts$/, "")));
}

/** Modules for one process of `deno test`, and its additional arguments. */
interface TestProcess {
  readonly modules: readonly string[];
  readonly preload?: readonly string[];
}

/** Runs processes, `most` at a time, and returns their counts with their additional arguments. */
async function runPool(
  processes: readonly TestProcess[],
  most: number,
): Promise<readonly (TestCounts & { readonly preload: readonly string[] })[]> {
  const waiting = [...processes], finished: (TestCounts & { readonly preload: readonly string[] })[] = [];
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const { modules, preload = [] } = next, report = await Deno.makeTempFile({ dir: temporary });
      finished.push({ ...await runModules(modules, { report, preload }), preload });
    }
  };
  await Promise.all(Array.from({ length: most }, worker));
  return finished;
}

function sumOf(counts: readonly TestCounts[]): TestCounts {
  return {
    passed: counts.reduce((sum, each) => sum + each.passed, 0),
    failed: counts.reduce((sum, each) => sum + each.failed, 0),
    skipped: counts.flatMap((each) => each.skipped),
  };
}

function countsText({ passed, failed, skipped }: TestCounts): string {
  return `${passed} passed, ${failed} failed, ${skipped.length} skipped`;
}

/** Runs modules by one process of `deno test`, prints its lines as they come, and counts its tests. */
async function runModules(
  modules: readonly string[],
  { report, preload }: { readonly report: string; readonly preload: readonly string[] },
): Promise<TestCounts> {
  const colored = Deno.stdout.isTerminal() && !Deno.noColor;
  const process = new Deno.Command(Deno.execPath(), {
    args: [
      "test",
      "--quiet",
      "--lock=deno.lock",
      "--frozen",
      "--no-check",
      "--allow-all",
      "--config=deno.json",
      `--junit-path=${report}`,
      ...preload,
      ...flags,
      ...modules,
    ],
    cwd: pathOfUrl(root),
    env: { ...env, ...(colored && { FORCE_COLOR: "1" }) },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  await Promise.all([printLines(process.stdout, console.log), printLines(process.stderr, console.error)]);
  const { code } = await process.status;
  const counts = countTests(await Deno.readTextFile(report));
  // A module that does not load fails the run without an entry in the report.
  return { ...counts, failed: code === 0 ? counts.failed : Math.max(1, counts.failed) };
}

async function printLines(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  print: (line: string) => void,
): Promise<void> {
  const lines = stream.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
  for await (const line of lines) print(line);
}

/**
 * Returns environment variables that let a new Deno process find the adapter for the tests. Also prints the
 * adapter to stderr.
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
