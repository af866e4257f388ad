/**
 * Benches of matrix products. All engines compute the three layouts of a linear layer: forward (NN), gradient
 * of the input (NT) and gradient of the weight (TN). For comparison, jax-js computes NN. A bench's name
 * contains the work of one iteration in GFLOP; divide this number by the seconds per iteration to get GFLOPS.
 *
 * @module
 */
import { Graph } from "../kernels/core/graph.ts";
import { compile } from "../kernels/core/program.ts";
import { normals } from "../kernels/random/philox.ts";
import { matmul } from "../kernels/ops/matmul/matmul.ts";
import { benchEngines, marker, openOnce, repeatsOn, runAndWait } from "./engines.ts";
import { benchPeers } from "./peer_benches.ts";
import { compareKernel } from "./peers/kernel.ts";
import { matmulKernel } from "./peers/kernels/matmul.ts";

const sizes = [[256, 768, 768], [1024, 128, 512], [512, 512, 512]]; // M, K, N
const layouts = [
  { name: "NN", transposeA: false, transposeB: false },
  { name: "NT", transposeA: false, transposeB: true },
  { name: "TN", transposeA: true, transposeB: false },
];

for (const [m, k, n] of sizes) {
  const group = `matmul ${m}x${k}x${n}`;
  const work = (repeats: number) => `${((2 * m * k * n * repeats) / 1e9).toFixed(3)} GFLOP`;
  const values = { a: normals(1, "a", m * k), b: normals(1, "b", k * n) };
  for (const [engine, open] of Object.entries(benchEngines)) {
    for (const { name, ...layout } of layouts) {
      const opened = openOnce(async () => {
        const graph = new Graph();
        const aShape = layout.transposeA ? [k, m] : [m, k], bShape = layout.transposeB ? [n, k] : [k, n];
        const left = graph.leaf("a", { shape: aShape, dtype: "f32" }, "input");
        const right = graph.leaf("b", { shape: bShape, dtype: "f32" }, "parameter");
        graph.output("c", matmul(left, right, layout));
        return await (await open()).open([compile("matmul", graph), marker], {
          a: { shape: aShape, data: values.a },
          b: { shape: bShape, data: values.b },
        });
      });
      const repeats = repeatsOn(engine);
      Deno.bench({
        name: `${engine} ${name}, ${work(repeats)}`,
        group,
        baseline: name === "NN" && engine === "wasm",
        fn: async (b) => {
          const session = await opened();
          b.start();
          await runAndWait(session, { program: "matmul", repeats });
          b.end();
        },
      });
    }
  }
  benchPeers(compareKernel(matmulKernel([m, k, n])), { group });
}
