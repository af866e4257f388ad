/**
 * Matrix products on the CPU engine, in the three layouts of a linear layer: forward (NN), gradient of its input (NT),
 * gradient of its weight (TN). Names carry the work of one iteration: GFLOPS = GFLOP / seconds an iteration.
 *
 * @module
 */
import { Graph } from "../kernels/core/graph.ts";
import { compile } from "../kernels/core/program.ts";
import { sizeOf } from "../kernels/core/tensor.ts";
import { normals } from "../kernels/core/philox.ts";
import { openCpu } from "../kernels/engine/cpu.ts";
import { matmul } from "../kernels/ops/matmul.ts";

const REPEATS = 4; // products an iteration, so that waking the threads is not what is timed

const sizes = [[256, 768, 768], [1024, 128, 512], [512, 512, 512]]; // M, K, N
const layouts = [
  { name: "NN", transposeA: false, transposeB: false },
  { name: "NT", transposeA: false, transposeB: true },
  { name: "TN", transposeA: true, transposeB: false },
];
const threads = [...new Set([1, navigator.hardwareConcurrency])];

for (const [m, k, n] of sizes) {
  for (const count of threads) {
    for (const { name, ...layout } of layouts) {
      const gflop = (2 * m * k * n * REPEATS) / 1e9;
      Deno.bench({
        name: `${m}x${k}x${n} ${name}, ${count} threads, ${gflop.toFixed(3)} GFLOP`,
        group: `matmul ${m}x${k}x${n}`,
        baseline: name === "NN" && count === 1,
        fn: async (b) => {
          const graph = new Graph();
          const aShape = layout.transposeA ? [k, m] : [m, k], bShape = layout.transposeB ? [n, k] : [k, n];
          const left = graph.leaf("a", { shape: aShape, dtype: "f32" }, "input");
          const right = graph.leaf("b", { shape: bShape, dtype: "f32" }, "parameter");
          graph.output("c", matmul(left, right, layout));
          const engine = await openCpu({ threads: count });
          await using session = await engine.open([compile("matmul", graph)], {
            a: { shape: aShape, data: normals(1, "a", sizeOf(aShape)) },
            b: { shape: bShape, data: normals(1, "b", sizeOf(bShape)) },
          });
          const list = Array.from({ length: REPEATS }, () => "matmul");
          await session.run(list);
          b.start();
          await session.run(list);
          b.end();
        },
      });
    }
  }
}
