/**
 * Tests results of ops against values from other programs and values computed by hand.
 *
 * @module
 */
import { deepStrictEqual, ok, throws } from "node:assert/strict";
import { Graph, type Tensor } from "../../../kernels/core/graph.ts";
import { compile } from "../../../kernels/core/program.ts";
import type { Shape, TensorMap } from "../../../kernels/core/tensor.ts";
import { openReference } from "../../../kernels/engine/reference.ts";
import { add, div } from "../../../kernels/ops/elementwise/arith.ts";
import { gather, scatterAdd } from "../../../kernels/ops/indexing/gather.ts";
import { gelu } from "../../../kernels/ops/elementwise/gelu.ts";
import { globalNorm } from "../../../kernels/ops/update/global_norm.ts";
import { broadcast, mean, sum } from "../../../kernels/ops/reduce/reduce.ts";
import { relu } from "../../../kernels/ops/elementwise/relu.ts";
import { slice, take } from "../../../kernels/ops/indexing/slice.ts";
import { assign, count } from "../../../kernels/ops/update/state.ts";
import { scale } from "../../../kernels/ops/elementwise/scale.ts";

Deno.test("gelu() gives torch.nn.functional.gelu(x, approximate='tanh')", async () => {
  const { y } = await evaluate(
    { x: [-3, -1, 0, 0.5, 1, 2] },
    ({ x }) => ({ y: gelu(x) }),
  );
  const expected = [-0.00363739, -0.15880801, 0, 0.34571401, 0.84119199, 1.95459769];
  y.forEach((v, i) => ok(Math.abs(v - expected[i]) < 1e-6, `${i}: ${v}`));
});

Deno.test("relu() of NaN is NaN, so that it reaches the loss", async () => {
  const { y } = await evaluate({ x: [NaN, -1, 0, 2] }, ({ x }) => ({ y: relu(x) }));
  deepStrictEqual(y, [NaN, 0, 0, 2]);
});

Deno.test("globalNorm() returns the norm of all gradients and the scale of PyTorch's clip_grad_norm_", async () => {
  const inputs = { a: [3, 0], b: [0, 0, -4] };
  const clipped = await evaluate(inputs, ({ a, b }) => ({ ...globalNorm([a, b], { clip: 1 }) }));
  deepStrictEqual(clipped, { norm: [5], scale: [Math.fround(1 / (5 + 1e-6))] });
  const loose = await evaluate(inputs, ({ a, b }) => ({ ...globalNorm([a, b], { clip: 5 }) }));
  deepStrictEqual(loose, { norm: [5], scale: [1] });
  const off = await evaluate(inputs, ({ a, b }) => ({ ...globalNorm([a, b], { clip: 0 }) }));
  deepStrictEqual(off, { norm: [5], scale: [1] });
  throws(() => globalNorm([], { clip: 1 }), { name: "RangeError", message: /no gradients/ });
});

Deno.test("globalNorm() adds up the blocks of a large gradient", async () => {
  const inputs = { a: Array(40000).fill(0.5) };
  deepStrictEqual(await evaluate(inputs, ({ a }) => ({ ...globalNorm([a], { clip: 0 }) })), {
    norm: [100],
    scale: [1],
  });
});

Deno.test("count() wraps around, and take() reads the entry with that index", async () => {
  const graph = new Graph();
  const rows = graph.leaf("rows", { shape: [3, 2], dtype: "u32" }, "input");
  const micro = graph.leaf("micro", { shape: [1], dtype: "u32" }, "input");
  graph.output("row", take(rows, micro));
  count(micro, { by: 1, wrap: 3 });
  await using session = await openReference().open([compile("micro", graph)], {
    rows: { shape: [3, 2], data: Uint32Array.of(1, 2, 3, 4, 5, 6) },
  });
  const seen: number[][] = [];
  for (let i = 0; i < 4; i++) {
    await session.run(["micro"]);
    seen.push([...(await session.read(["row"])).row.data]);
  }
  deepStrictEqual(seen, [[1, 2], [3, 4], [5, 6], [1, 2]]);
});

Deno.test("ops refuse shapes and types that do not fit, and say what they expect", () => {
  const graph = new Graph();
  const f32 = (shape: Shape) => graph.leaf(`f${shape}`, { shape, dtype: "f32" }, "input");
  const u32 = (shape: Shape) => graph.leaf(`u${shape}`, { shape, dtype: "u32" }, "input");
  const refused: [() => unknown, string][] = [
    [
      () => add(f32([2, 3]), f32([2])),
      "Cannot add: a is [2,3], b is [2]: the smaller shape, without its leading 1s, must be a suffix of the larger",
    ],
    [() => div(f32([2]), u32([2])), "Cannot call div: b is u32 [2], wanted f32"],
    [() => gelu(u32([2])), "Cannot call gelu: x is u32 [2], wanted f32"],
    [
      () => sum(f32([2, 3]), { from: 1, to: 3 }),
      "Cannot call sum over axes from 1 up to 3 of [2,3]: wanted 0 <= from <= to <= 2",
    ],
    [
      () => mean(f32([2, 3]), { from: 2, to: 1 }),
      "Cannot call mean over axes from 2 up to 1 of [2,3]: wanted 0 <= from <= to <= 2",
    ],
    [
      () => broadcast(f32([2]), { shape: [5, 3], from: 0, to: 1 }),
      "Cannot broadcast [2] to [5,3] along axes 0 to 0: x must be [3]",
    ],
    [() => gather(f32([7, 2]), f32([3])), "Cannot call gather: ids is f32 [3], wanted u32"],
    [
      () => scatterAdd(f32([7, 2]), u32([3]), f32([2, 2])),
      "Cannot call scatter_add: rows are [2,2], wanted [3,2]: one row of acc [7,2] for each id of [3]",
    ],
    [
      () => slice(f32([5, 2]), { start: 4, length: 2 }),
      "Cannot slice [5,2] from 4, length 2: wanted start >= 0, length >= 1 and start + length <= 5",
    ],
    [() => take(f32([5, 2]), u32([2])), "Cannot call take: index is [2], wanted one number, [1]"],
    [() => assign(f32([2]), u32([2])), "Cannot assign u32 [2] to f32 [2]: type and size must be equal"],
  ];
  for (const [call, message] of refused) throws(call, { name: "ShapeError", message });
  throws(() => scale(f32([2]), Infinity), {
    name: "RangeError",
    message: "Cannot scale by Infinity: wanted a finite number",
  });
  throws(() => count(u32([1]), { by: 1, wrap: 0 }), { name: "RangeError", message: /wrap 1 or more/ });
  graph.where = "h.0.mlp";
  throws(() => add(f32([2, 3]), f32([2])), { message: /^h\.0\.mlp: Cannot add/ });
});

/** Builds a graph with one-dimensional inputs and computes its outputs on the reference engine. */
async function evaluate<K extends string, W extends string>(
  inputs: Record<K, number[]>,
  build: (leaves: Record<K, Tensor>) => Record<W, Tensor>,
): Promise<Record<W, number[]>> {
  const graph = new Graph();
  const leaves: Partial<Record<K, Tensor>> = {};
  const data: Record<string, TensorMap[string]> = {};
  for (const label in inputs) {
    const shape = [inputs[label].length];
    leaves[label] = graph.leaf(label, { shape, dtype: "f32" }, "input");
    data[label] = { shape, data: Float32Array.from(inputs[label]) };
  }
  const outputs = build(leaves as Record<K, Tensor>);
  for (const label in outputs) graph.output(label, outputs[label]);
  await using session = await openReference().open([compile("test", graph)], data);
  await session.run(["test"]);
  const read = await session.read(Object.keys(outputs));
  const found: Partial<Record<W, number[]>> = {};
  for (const label in outputs) found[label] = [...read[label].data];
  return found as Record<W, number[]>;
}
