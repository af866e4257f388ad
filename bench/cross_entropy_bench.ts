/**
 * Benches of cross entropy and its gradient: each op by itself, and both together in a comparison with
 * jax-js. Further benches measure the output head of a language model together with its loss, forward and
 * backward: once with all logits in memory, and once with blocks of logits.
 *
 * @module
 */
import { gradients } from "../kernels/core/gradients.ts";
import { Graph } from "../kernels/core/graph.ts";
import { normals, uniformAt } from "../kernels/random/philox.ts";
import { compile, flopsOf } from "../kernels/core/program.ts";
import { crossEntropyGradOp, crossEntropyOp } from "../kernels/ops/loss/cross_entropy.ts";
import { linearCrossEntropy } from "../kernels/ops/loss/linear_cross_entropy.ts";
import { sum } from "../kernels/ops/reduce/reduce.ts";
import { benchEngines, openOnce } from "./engines.ts";
import { benchOps } from "./op_benches.ts";
import { benchComparison } from "./peer_benches.ts";
import { compareKernel } from "./peers/kernel.ts";
import { crossEntropyKernel } from "./peers/kernels/cross_entropy.ts";

benchOps([crossEntropyGradOp, crossEntropyOp]);
benchComparison(compareKernel(crossEntropyKernel));

const rows = 512, channels = 384, classes = 8192;
const values = {
  x: { shape: [rows, channels], data: normals(1, "x", rows * channels) },
  weight: { shape: [classes, channels], data: normals(1, "weight", classes * channels) },
  targets: {
    shape: [rows],
    data: Uint32Array.from({ length: rows }, (_, i) => Math.floor(uniformAt(1, "targets", i) * classes)),
  },
};

for (const [engine, open] of Object.entries(benchEngines)) {
  for (const blocks of [1, 4]) {
    const graph = new Graph();
    const x = graph.leaf("x", { shape: values.x.shape, dtype: "f32" }, "input");
    const weight = graph.leaf("weight", { shape: values.weight.shape, dtype: "f32" }, "parameter");
    const targets = graph.leaf("targets", { shape: values.targets.shape, dtype: "u32" }, "input");
    const blockBytes = 4 * classes * rows / blocks;
    const loss = sum(linearCrossEntropy(x, { weight, targets, blockBytes }), { shape: [1] });
    gradients(loss, [x, weight]).forEach((t, i) => graph.output(`gradient ${i}`, t!));
    graph.output("loss", loss);
    const program = compile("head", graph);
    const opened = openOnce(async () => await (await open()).open([program], values));
    Deno.bench({
      name: `${engine}, ${blocks === 1 ? "all logits" : `${blocks} blocks`}, ${
        (flopsOf(program) / 1e9).toFixed(2)
      } GFLOP`,
      group: `head and loss ${rows}x${channels}x${classes}`,
      baseline: engine === "wasm" && blocks === 1,
      fn: async (b) => {
        const session = await opened();
        b.start();
        await session.run(["head"]);
        await session.read(["loss"]);
        b.end();
      },
    });
  }
}
