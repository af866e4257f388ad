/**
 * What `deno task test` runs: all tests, or the files and flags of `deno test` that are given, with a WebGPU adapter.
 * A real GPU is used where there is one. Else, on Linux x64, the tests run on SwiftShader, also where another software
 * adapter is installed: so that runs are alike and shaders compile fast. Elsewhere the system's adapter has to do.
 *
 * The last line is `N passed, N failed, N skipped`, steps counted, from the test runner's JUnit report. Exit code 1
 * where a test failed, and, with CI=true, where one that has WebGPU in its name or file was skipped.
 *
 * @module
 */
import { findAdapter } from "../kernels/engine/webgpu/device.ts";
import { countTests } from "./junit.ts";
import { hasSoftwareAdapter, softwareAdapter } from "./software_adapter.ts";

const found = await findAdapter();
let env: Record<string, string> = {};
if (found !== null && !found.software) {
  console.error(`WebGPU tests run on ${found.description}`);
} else if (hasSoftwareAdapter) {
  env = await softwareAdapter();
  console.error(`WebGPU tests run on SwiftShader: ${found?.description ?? "no adapter"} here is no GPU`);
} else {
  console.error(`WebGPU tests run on ${found?.description ?? "no adapter: they will fail"}`);
}

const report = await Deno.makeTempFile({ suffix: ".xml" });
const root = decodeURIComponent(new URL("..", import.meta.url).pathname);
const { code } = await new Deno.Command(Deno.execPath(), {
  args: ["test", "--quiet", "--frozen", "--allow-all", "--doc", `--junit-path=${report}`, ...Deno.args],
  cwd: root,
  env,
}).spawn().status;

const counts = countTests(await Deno.readTextFile(report));
await Deno.remove(report);
// A module that does not load fails the run without a line in the report.
const failed = code === 0 ? counts.failed : Math.max(1, counts.failed);
const skippedWebgpu = counts.skipped.filter((name) => /webgpu/i.test(name));
const forbidden = Deno.env.get("CI") === "true" ? skippedWebgpu.length : 0;
if (forbidden > 0) console.log(`Skipped, which CI=true forbids:\n  ${skippedWebgpu.join("\n  ")}`);
console.log(`${counts.passed} passed, ${failed} failed, ${counts.skipped.length} skipped`);
Deno.exit(failed > 0 || forbidden > 0 ? 1 : 0);
