import { deepStrictEqual, ok, throws } from "node:assert/strict";
import { accumulate, plus } from "../../../kernels/core/gradient_ops.ts";
import { eachGradient, gradients } from "../../../kernels/core/gradients.ts";
import { Graph, type Tensor } from "../../../kernels/core/graph.ts";
import { normals } from "../../../kernels/random/philox.ts";
import { compile } from "../../../kernels/core/program.ts";
import { ShapeError, type TensorMap } from "../../../kernels/core/tensor.ts";
import { openReference } from "../../../kernels/engine/reference.ts";
import { affine } from "../../../kernels/ops/matmul/affine.ts";
import { add, mul } from "../../../kernels/ops/elementwise/arith.ts";
import { scale } from "../../../kernels/ops/elementwise/scale.ts";
import { gather } from "../../../kernels/ops/indexing/gather.ts";
import { matmul } from "../../../kernels/ops/matmul/matmul.ts";
import { max, sum } from "../../../kernels/ops/reduce/reduce.ts";

Deno.test("gradients() adds up the gradients of a tensor that is used twice", async () => {
  const { graph, leaf } = leaves();
  const a = leaf("a", []);
  const b = add(a, a);
  const [g] = gradients(b, [a]);
  deepStrictEqual(await evaluate(graph, { g }, { a: { shape: [], data: Float32Array.of(5) } }), { g: [2] });
});

Deno.test("gradients() follow the product rule where paths split and join", async () => {
  const { graph, leaf } = leaves();
  const x = leaf("x", [2]);
  const y = mul(x, x); // `y = x²`, `loss = Σ y² + 3y`, derivative `4x³ + 6x`
  const [g] = gradients(sum(add(mul(y, y), scale(y, 3))), [x]);
  const found = await evaluate(graph, { g }, { x: { shape: [2], data: Float32Array.of(1, -2) } });
  deepStrictEqual(found, { g: [10, -44] });
});

Deno.test("gradients() are null for a leaf that the loss does not depend on", () => {
  const { leaf } = leaves();
  const a = leaf("a", [3]), b = leaf("b", [3]);
  deepStrictEqual(gradients(sum(a), [b]), [null]);
  const [ofA, ofB] = gradients(sum(mul(a, a)), [a, b]);
  deepStrictEqual([ofA?.shape, ofB], [[3], null]);
});

Deno.test("gradients() of the loss with respect to itself is 1; with respect to an intermediate value, its gradient", async () => {
  const { graph, leaf } = leaves();
  const x = leaf("x", [2]);
  const y = scale(x, 3), loss = sum(mul(y, y));
  const [ofLoss, ofY] = gradients(loss, [loss, y]);
  const found = await evaluate(graph, { ofLoss, ofY }, { x: { shape: [2], data: Float32Array.of(1, 2) } });
  deepStrictEqual(found, { ofLoss: [1], ofY: [6, 12] });
});

Deno.test("gradients() ignore calls that do not depend on a requested leaf", () => {
  const { graph, leaf } = leaves();
  const a = leaf("a", [3]), b = leaf("b", [3]);
  const loss = sum(mul(a, max(b))); // max has no vjp, but its input does not depend on a
  const before = graph.calls.length;
  gradients(loss, [a]);
  deepStrictEqual(graph.calls.slice(before).some((call) => call.inputs.includes(b)), false);
});

Deno.test("gradients() add the two gradients of a table that is used by two ops", async () => {
  const { graph, leaf } = leaves();
  const table = leaf("table", [3, 1]);
  const ids = graph.leaf("ids", { shape: [4], dtype: "u32" }, "input");
  const [g] = gradients(add(sum(gather(table, ids)), sum(mul(table, table))), [table]);
  const found = await evaluate(graph, { g }, {
    table: { shape: [3, 1], data: Float32Array.of(1, 2, 3) },
    ids: { shape: [4], data: Uint32Array.of(2, 0, 2, 2) },
  });
  deepStrictEqual(found, { g: [1 + 2, 0 + 4, 3 + 6] });
});

Deno.test("gradients() name the op that has no vjp", () => {
  const { leaf } = leaves();
  const a = leaf("a", [3]);
  throws(() => gradients(max(a), [a]), { message: "Cannot differentiate max#0.0: op max has no vjp" });
});

Deno.test("gradients() refuse a loss that is not a scalar", () => {
  const { leaf } = leaves();
  const a = leaf("a", [3]);
  throws(
    () => gradients(a, [a]),
    (e) => e instanceof ShapeError && /its shape is \[3\], wanted a single element/.test(e.message),
  );
});

Deno.test("eachGradient() yields each gradient when it is complete, before those of earlier calls are computed", () => {
  const { graph, leaf } = leaves();
  const [table, w, v] = ["table", "w", "v"].map((label) => leaf(label, [3]));
  // The first and the last call read the table.
  const hidden = mul(w, scale(table, 2)), loss = sum(mul(mul(v, hidden), table));
  const order: string[] = [], calls: number[] = [];
  for (const { of } of eachGradient(loss, [table, w, v])) {
    order.push(of.label);
    calls.push(graph.calls.length);
  }
  deepStrictEqual(order, ["v", "w", "table"]);
  ok(calls[0] < calls[1], "the backward pass must continue after the first gradient");
});

Deno.test("plus() and accumulate() refuse shapes that differ", () => {
  const { leaf } = leaves();
  const a = leaf("a", [3]), b = leaf("b", [4]);
  throws(() => plus(a, b), { name: "ShapeError", message: /\[3\] and \[4\] must have equal shapes/ });
  throws(() => accumulate(a, b), { name: "ShapeError", message: /\[4\] into \[3\]/ });
});

Deno.test("eachGradient() adds gradients to their buffers by the ops that compute them", async () => {
  const graph = new Graph();
  const leaf = (label: string, shape: readonly number[], kind: "input" | "parameter" | "gradient") =>
    graph.leaf(label, { shape, dtype: "f32" }, kind);
  const x = leaf("x", [2, 2], "input"),
    w = leaf("w", [2, 3], "parameter"),
    bias = leaf("b", [3], "parameter");
  const table = leaf("table", [4, 3], "parameter"),
    ids = graph.leaf("ids", {
      shape: [2],
      dtype: "u32",
    }, "input");
  // The table is used twice.
  const y = mul(add(affine(x, { weight: w, bias }), gather(table, ids)), gather(table, ids));
  const parameters = [w, bias, table];
  const into = new Map(parameters.map((t) => [t, leaf(`${t.label}/grad`, t.shape, "gradient")]));
  const before = gradients(sum(y), parameters).map((g) => g!);
  const after = [...eachGradient(sum(y), parameters, { into })].map(({ gradient }) => gradient);
  before.forEach((g, i) => graph.output(`g${i}`, g));
  const made = compile("test", graph).calls.filter((call) => after.some((t) => call.outputs.includes(t)));
  deepStrictEqual(made.map((call) => call.op.name).sort(), ["matmul_add", "scatter_add", "sum_add"]);

  const data = (count: number) => normals(1, "data", count);
  await using session = await openReference().open([compile("test", graph)], {
    x: { shape: [2, 2], data: data(4) },
    w: { shape: [2, 3], data: data(6) },
    b: { shape: [3], data: data(3) },
    table: { shape: [4, 3], data: data(12) },
    ids: { shape: [2], data: Uint32Array.of(3, 1) },
  });
  await session.run(["test", "test"]);
  for (const [i, { label }] of parameters.entries()) {
    const found = await session.read([`${label}/grad`, `g${i}`]);
    const expected = [...found[`g${i}`].data].map((g) => Math.fround(2 * g));
    [...found[`${label}/grad`].data].forEach((sum, at) => ok(Math.abs(sum - expected[at]) < 1e-6, label));
  }
});

Deno.test("eachGradient() does not compute a gradient twice that goes into a buffer and also flows on", () => {
  const graph = new Graph();
  const leaf = (label: string) => graph.leaf(label, { shape: [2, 2], dtype: "f32" }, "parameter");
  const a = leaf("a"), b = leaf("b"), w = leaf("w");
  // The gradient of the sum `a + b²` is one product. It equals the gradient of `a`, and the gradient of `b`
  // is computed from it.
  const loss = sum(matmul(add(a, mul(b, b)), w));
  const into = new Map([[a, graph.leaf("a/grad", { shape: [2, 2], dtype: "f32" }, "gradient")]]);
  [...eachGradient(loss, [a, b], { into })].forEach(({ gradient }, i) => graph.output(`g${i}`, gradient));
  const names = compile("test", graph).calls.map((call) => call.op.name);
  // The forward product, the backward product, and the addition of the backward product to a's buffer.
  deepStrictEqual(names.filter((name) => /^matmul|accumulate/.test(name)), [
    "matmul",
    "matmul",
    "accumulate",
  ]);
});

function leaves(): { graph: Graph; leaf: (label: string, shape: readonly number[]) => Tensor } {
  const graph = new Graph();
  return { graph, leaf: (label, shape) => graph.leaf(label, { shape, dtype: "f32" }, "input") };
}

/** Computes some tensors on the reference engine. */
async function evaluate(
  graph: Graph,
  expected: Readonly<Record<string, Tensor | null>>,
  inputs: TensorMap,
): Promise<Record<string, number[]>> {
  for (const [label, t] of Object.entries(expected)) if (t !== null) graph.output(label, t);
  await using session = await openReference().open([compile("test", graph)], inputs);
  await session.run(["test"]);
  const read = await session.read(Object.keys(expected));
  return Object.fromEntries(Object.entries(read).map(([label, { data }]) => [label, [...data]]));
}
