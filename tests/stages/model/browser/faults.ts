/**
 * Faults of WebGPU that a browser and Deno must report alike. Imports nothing that a browser lacks.
 *
 * @module
 */
import { Graph, type Op } from "../../../../kernels/core/graph.ts";
import { compile } from "../../../../kernels/core/program.ts";
import type { WebgpuEngine } from "../../../../kernels/engine/webgpu/webgpu_engine.ts";
import { relu } from "../../../../kernels/ops/elementwise/relu.ts";

/** Patterns of the errors, by fault: name and message of what the engine throws. */
export const faultPatterns: Readonly<Record<string, RegExp>> = {
  lost: /^Error: Lost the device .* \(destroyed: .*\): checkpoints on disk are intact/,
  "lost before a run": /^Error: Lost the device /,
  closed: /^Error: Cannot use this session: it is closed$/,
  "kernel that does not compile": /^SyntaxError: Cannot compile broken .* of p for .*: .*nothing/s,
  "tensor that is too large":
    /^RangeError: Cannot place x of p on .*: f32 \[2097152,1024\] is 8589934592 bytes/,
};

/** Provokes each fault, and returns name and message of the errors. */
export async function provokeFaults(engine: WebgpuEngine): Promise<Readonly<Record<string, string>>> {
  const program = (
    shape: readonly number[],
    apply = relu as (x: ReturnType<typeof relu>) => ReturnType<typeof relu>,
  ) => {
    const graph = new Graph();
    graph.output("y", apply(graph.leaf("x", { shape, dtype: "f32" }, "parameter")));
    return compile("p", graph);
  };
  const broken: Op<null> = {
    name: "broken",
    infer: ([x]) => [x],
    reference: ([x]) => [x],
    wgsl: () => ({ code: "@compute @workgroup_size(1)\nfn main() { nothing(); }", workgroups: [1, 1, 1] }),
    wasm: () => [],
    cases: [],
  };
  const errorOf = (work: Promise<unknown>) =>
    work.then(() => "no error", (error) => `${error.name}: ${error.message}`);
  const lost = await engine.open([program([4])], {});
  await lost.run(["p"]);
  const pending = lost.read(["y"]);
  lost.device.destroy();
  const found = { lost: await errorOf(pending), "lost before a run": await errorOf(lost.run(["p"])) };
  await lost[Symbol.asyncDispose]();
  const closed = await engine.open([program([4])], {});
  await closed[Symbol.asyncDispose]();
  return {
    ...found,
    closed: await errorOf(closed.run(["p"])),
    "kernel that does not compile": await errorOf(
      engine.open([program([4], (x) => x.graph.call(broken, [x], null)[0])], {}),
    ),
    "tensor that is too large": await errorOf(engine.open([program([1 << 21, 1024])], {})),
  };
}
