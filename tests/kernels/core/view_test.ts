import { deepStrictEqual, throws } from "node:assert/strict";
import { gradients } from "../../../kernels/core/gradients.ts";
import { Graph } from "../../../kernels/core/graph.ts";
import { compile } from "../../../kernels/core/program.ts";
import { ShapeError } from "../../../kernels/core/tensor.ts";
import { reshape } from "../../../kernels/core/view.ts";
import { openCpu } from "../../../kernels/engine/cpu/cpu_engine.ts";
import type { Engine } from "../../../kernels/engine/engine.ts";
import { openReference } from "../../../kernels/engine/reference.ts";
import { openWebgpu } from "../../../kernels/engine/webgpu/webgpu_engine.ts";
import { mul } from "../../../kernels/ops/elementwise/arith.ts";
import { crossEntropy } from "../../../kernels/ops/loss/cross_entropy.ts";
import { sum } from "../../../kernels/ops/reduce/reduce.ts";
import { relu } from "../../../kernels/ops/elementwise/relu.ts";
import { clear } from "../../../kernels/ops/update/state.ts";

Deno.test("reshape() shares memory on every engine: values, gradients, outputs, leaves and in-place updates", async () => {
  const graph = new Graph();
  const x = graph.leaf("x", { shape: [2, 3], dtype: "f32" }, "input");
  const targets = graph.leaf("targets", { shape: [3], dtype: "u32" }, "input");
  const buffer = graph.leaf("buffer", { shape: [2, 2], dtype: "f32" }, "output");
  const flat = reshape(relu(reshape(x, [6])), [3, 2]);
  graph.output("flat", flat);
  const loss = sum(crossEntropy(reshape(mul(flat, flat), [3, 2]), targets));
  graph.output("loss", loss);
  graph.output("gradient", gradients(loss, [x])[0]!);
  clear(reshape(buffer, [4]));
  const program = compile("views", graph);
  deepStrictEqual(program.calls.some(({ op }) => op.name === "view"), false);
  const run = async (engine: Engine) => {
    await using session = await engine.open([program], {
      x: { shape: [2, 3], data: Float32Array.of(1, -2, 0.5, 3, 2, -1) },
      targets: { shape: [3], data: Uint32Array.of(0, 1, 1) },
      buffer: { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
    });
    await session.run(["views"]);
    return await session.read(["flat", "loss", "gradient", "buffer"]);
  };
  const expected = await run(openReference());
  deepStrictEqual([...expected.flat.data], [1, 0, 0.5, 3, 2, 0]);
  deepStrictEqual([...expected.buffer.data], [0, 0, 0, 0]);
  deepStrictEqual(expected.gradient.shape, [2, 3]);
  for (const engine of [await openCpu({ threads: 2 }), await openWebgpu()]) {
    for (const [label, { data }] of Object.entries(await run(engine))) {
      data.forEach((v, i) => deepStrictEqual(v.toFixed(5), expected[label].data[i].toFixed(5), label));
    }
  }
});

Deno.test("reshape() refuses another number of elements, and compile() a read after an overwrite under another shape", () => {
  const graph = new Graph();
  const x = graph.leaf("x", { shape: [2, 3], dtype: "f32" }, "input");
  throws(() => reshape(x, [4]), ShapeError);
  const y = relu(x);
  graph.output("cleared", clear(reshape(y, [6])));
  graph.output("late", mul(y, y));
  throws(() => compile("late", graph), /after clear overwrote it/);
});
