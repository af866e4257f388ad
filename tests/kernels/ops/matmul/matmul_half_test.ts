/**
 * Tests the rounding of the operands of matrix products to 16-bit floats.
 *
 * @module
 */
import { deepStrictEqual } from "node:assert/strict";
import { Graph } from "../../../../kernels/core/graph.ts";
import { compile } from "../../../../kernels/core/program.ts";
import { openWebgpu } from "../../../../kernels/engine/webgpu/webgpu_engine.ts";
import { matmul } from "../../../../kernels/ops/matmul/matmul.ts";

Deno.test("16-bit products on webgpu round operands to even and clamp them at 65504", async () => {
  // No subnormal numbers (below 2^-14), since WGSL allows a GPU to flush them to 0.
  const inputs = [1 + 2 ** -11, 1 + 3 * 2 ** -11, 0.1, 2 ** -14, 65519, 65520, 1e9, -1e9, 0];
  const graph = new Graph(), n = inputs.length;
  const a = graph.leaf("a", { shape: [n, 1], dtype: "f32" }, "input");
  const one = graph.leaf("one", { shape: [1, 4], dtype: "f32" }, "input");
  graph.output("right", matmul(a, one)); // the tensor `a` is the left operand here, and the right one below
  graph.output("left", matmul(one, a, { transposeA: true, transposeB: true }));
  await using session = await (await openWebgpu({ half: true })).open([compile("p", graph)], {
    a: { shape: [n, 1], data: Float32Array.from(inputs) },
    one: { shape: [1, 4], data: Float32Array.of(1, 1, 1, 1) },
  });
  await session.run(["p"]);
  const { left, right } = await session.read(["left", "right"]);
  const expected = inputs.map((x) => Math.max(-65504, Math.min(65504, Math.f16round(x))));
  deepStrictEqual([...left.data.subarray(0, n)], expected);
  deepStrictEqual(expected.map((_, i) => right.data[4 * i]), expected);
});
