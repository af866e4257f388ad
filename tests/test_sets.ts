/**
 * Decides from a test file's name which set the file belongs to.
 *
 * @module
 */

/**
 * `every` runs with each change. The other sets are run by hand, and before an issue that concerns their
 * subject is resolved.
 */
export type TestSet = "every" | "gpu" | "long" | "lessons" | "cluster";

/** Paths for the test runner, relative to the project's root. */
export interface TestPaths {
  /** Test files. */
  readonly files: readonly string[];
  /** Folders and files whose doc comments contain examples to run. */
  readonly docs: readonly string[];
}

/** Test files that run a second time on Dawn, with `tests/dawn.ts`. */
export const dawnFiles: readonly string[] = [
  "tests/kernels/core/bound_kernel_test.ts",
  "tests/kernels/engine/webgpu/device_loss_test.ts",
  "tests/kernels/engine/webgpu/split_gpu_test.ts",
  "tests/kernels/engine/webgpu/split_test.ts",
  "tests/kernels/engine/webgpu/submit_pace_test.ts",
  "tests/kernels/engine/webgpu/webgpu_engine_test.ts",
  "tests/kernels/ops/attention/attention_tiles_gpu_test.ts",
  "tests/kernels/ops/matmul/matmul_epilogues_gpu_test.ts",
  "tests/kernels/ops/matmul/matmul_half_gpu_test.ts",
  "tests/kernels/ops/matmul/matmul_layouts_gpu_test.ts",
  "tests/kernels/ops/matmul/matmul_unrolled_gpu_test.ts",
  "tests/kernels/parity/webgpu_parity_gpu_test.ts",
  "tests/stages/inspect/inspect_gpu_test.ts",
  "tests/stages/train/golden_gpu_test.ts",
  "tests/stages/train/gradient_scale_gpu_test.ts",
  "tests/stages/train/options_gpu_test.ts",
];

/** Test files that take minutes; they start first, so that no core waits for one of them at the end. */
export const slowFiles: readonly string[] = [
  "tests/kernels/parity/webgpu_parity_gpu_test.ts",
  "tests/pipelines/all_lessons_test.ts",
  "tests/pipelines/lesson/backprop/makemore_backprop_full_lessons_test.ts",
  "tests/pipelines/lesson/wavenet/makemore_wavenet_full_long_test.ts",
  "tests/pipelines/lesson/makemore/makemore_full_long_test.ts",
  "tests/pipelines/lesson/talks/seeds_lessons_test.ts",
  "tests/pipelines/posttrain/assistant_long_test.ts",
  "tests/stages/flow/random/random_flows_long_test.ts",
  "tests/pipelines/lesson/default_runs_lessons_test.ts",
  "tests/stages/model/browser/browser_gpu_test.ts",
  "tests/stages/model/llama_goldens_gpu_test.ts",
];

const layers = ["kernels", "stages", "pipelines", "bench"];

/** Returns the set that a test file belongs to. */
export function setOf(file: string): TestSet {
  const [, set] = /_(gpu|long|lessons|cluster)_test\.ts$/.exec(file) ?? [];
  return set === "gpu" || set === "long" || set === "lessons" || set === "cluster" ? set : "every";
}

/**
 * Returns the tests of a set in `paths`, or in the whole project if `paths` is empty. A path outside of
 * `tests/` selects its tests and the examples in its docs. Throws Deno.errors.NotFound for a path that does
 * not exist.
 */
export async function testPaths(
  root: URL,
  { set, paths }: { readonly set: TestSet; readonly paths: readonly string[] },
): Promise<TestPaths> {
  const files: string[] = [], docs: string[] = [];
  const whole = paths.length === 0;
  for (const typed of whole ? ["tests", ...layers, "mod.ts", "README.md"] : paths) {
    const path = typed.replace(/^\.\//, "").replace(/\/$/, "");
    const tested = path.startsWith("tests") ? path : `tests/${path.replace(/\.ts$/, "_test.ts")}`;
    const existing = await kindOf(new URL(path, root)), mirrored = await kindOf(new URL(tested, root));
    if (existing === null && mirrored === null) {
      throw new Deno.errors.NotFound(
        `No tests in ${typed}: there is neither ${path} nor ${tested}: give a path from the project's root`,
      );
    }
    if (mirrored === "file") files.push(tested);
    if (mirrored === "folder") files.push(...await filesIn(tested, root));
    if (existing !== null && tested !== path) docs.push(path);
  }
  return {
    files: [...new Set(files)].filter((file) => file.endsWith("_test.ts") && setOf(file) === set).sort(),
    docs: set === "every" ? docs : [],
  };
}

/** Returns test files by the folder of a layer that they belong to, such as `tests/stages/flow`. */
export function groupByFolder(files: readonly string[]): Map<string, string[]> {
  return Map.groupBy(files, (file) => file.split("/").slice(0, -1).slice(0, 3).join("/"));
}

async function kindOf(url: URL): Promise<"file" | "folder" | null> {
  try {
    return (await Deno.stat(url)).isDirectory ? "folder" : "file";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return null;
    throw error;
  }
}

async function filesIn(folder: string, root: URL): Promise<string[]> {
  const files: string[] = [];
  for await (const entry of Deno.readDir(new URL(`${folder}/`, root))) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) files.push(...await filesIn(path, root));
    else files.push(path);
  }
  return files;
}
