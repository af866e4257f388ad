/**
 * Tests the ops of Llama-like models against values computed in float64 from their formulas.
 *
 * @module
 */
import { ok, throws } from "node:assert/strict";
import { Graph, type Tensor } from "../../../kernels/core/graph.ts";
import { gradients } from "../../../kernels/core/gradients.ts";
import { compile } from "../../../kernels/core/program.ts";
import type { Shape, TensorMap } from "../../../kernels/core/tensor.ts";
import { openReference } from "../../../kernels/engine/reference.ts";
import { rope, type RopeAttrs } from "../../../kernels/ops/attention/rope.ts";
import { mul } from "../../../kernels/ops/elementwise/arith.ts";
import { silu } from "../../../kernels/ops/elementwise/silu.ts";
import { rmsNorm } from "../../../kernels/ops/norm/rms_norm.ts";
import { sum } from "../../../kernels/ops/reduce/reduce.ts";

type Inputs = Readonly<Record<string, readonly [Shape, readonly number[]]>>;

/** Computes tensors from inputs on the reference engine. */
async function evaluate(
  inputs: Inputs,
  compute: (tensors: Readonly<Record<string, Tensor>>) => Readonly<Record<string, Tensor>>,
): Promise<Record<string, number[]>> {
  const graph = new Graph();
  const leaves = Object.entries(inputs).map(([label, [shape]]) =>
    [label, graph.leaf(label, { shape, dtype: "f32" }, "input")] as const
  );
  const outputs = compute(Object.fromEntries(leaves));
  for (const [label, tensor] of Object.entries(outputs)) graph.output(label, tensor);
  await using session = await openReference().open([compile("golden", graph)], {});
  const values: TensorMap = Object.fromEntries(
    Object.entries(inputs).map(([label, [shape, data]]) => [label, { shape, data: Float32Array.from(data) }]),
  );
  session.write(values);
  await session.run(["golden"]);
  const read = await session.read(Object.keys(outputs));
  return Object.fromEntries(Object.entries(read).map(([label, { data }]) => [label, [...data]]));
}

function close(got: readonly number[], wanted: readonly number[]): void {
  ok(got.length === wanted.length, `${got}`);
  got.forEach((v, i) => ok(Math.abs(v - wanted[i]) <= 3e-7 * Math.max(1, Math.abs(wanted[i])), `${got}`));
}

Deno.test("rmsNorm() and its gradient give the formula's values", async () => {
  const inputs: Inputs = {
    x: [[1, 4], [1, 2, 3, 4]],
    g: [[1, 4], [0.1, -0.2, 0.3, -0.4]],
    w: [[4], [1, 1, 1, 1]],
  };
  const { y, dx } = await evaluate(inputs, ({ x, g, w }) => {
    const y = rmsNorm(x, w);
    return { y, dx: gradients(sum(mul(y, g)), [x])[0]! };
  });
  close(y, [0.3651481282, 0.7302962565, 1.0954443847, 1.4605925130]);
  close(dx, [0.0486864009, -0.0486864496, 0.1460592026, -0.0973728991]);
});

Deno.test("silu(gate) · up is SwiGLU", async () => {
  const inputs: Inputs = { gate: [[4], [-1, 0, 0.5, 2]], up: [[4], [2, 3, -1, 0.5]] };
  const { y } = await evaluate(inputs, ({ gate, up }) => ({ y: mul(silu(gate), up) }));
  close(y, [-0.5378828427, 0, -0.3112296656, 0.8807970780]);
});

Deno.test("rope() turns halves as Hugging Face does, neighbours as llama2.c does, and back", async () => {
  const angles = [3, 3 * 10_000 ** -0.5], table = [...angles.map(Math.cos), ...angles.map(Math.sin)];
  const turned = async (attrs: Pick<RopeAttrs, "pairs" | "back">, x = [1, 2, 3, 4]) => {
    const inputs: Inputs = { x: [[1, 4], x], table: [[1, 4], table] };
    return (await evaluate(
      inputs,
      ({ x, table }) => ({ y: rope(x, table, { heads: 1, width: 4, ...attrs }) }),
    )).y;
  };
  const halves = [-1.4133525208, 1.8791180667, -2.8288574817, 4.0581911354];
  const interleaved = [-1.2722325127, -1.8388649851, 2.8786681004, 4.0881866356];
  close(await turned({ pairs: "halves" }), halves);
  close(await turned({ pairs: "interleaved" }), interleaved);
  close(await turned({ pairs: "halves", back: true }, halves), [1, 2, 3, 4]);
  close(await turned({ pairs: "interleaved", back: true }, interleaved), [1, 2, 3, 4]);
});

Deno.test("rope() refuses a table and heads that do not fit", () => {
  const graph = new Graph();
  const leaf = (name: string, shape: Shape) => graph.leaf(name, { shape, dtype: "f32" }, "input");
  const x = leaf("x", [2, 3, 8]), fits: RopeAttrs = { heads: 2, width: 4, pairs: "halves" };
  rope(x, leaf("a", [3, 4]), fits);
  rope(x, leaf("b", [6, 2]), fits);
  for (
    const [name, shape, attrs] of [
      ["4 rows", [4, 4], fits],
      ["odd", [3, 3], fits],
      ["wider than a head", [3, 6], fits],
      ["three heads", [3, 4], { ...fits, heads: 3 }],
      ["a vector", [4], fits],
    ] as const
  ) {
    throws(() => rope(x, leaf(name, shape), attrs), { name: "ShapeError", message: /Cannot turn/ }, name);
  }
});
