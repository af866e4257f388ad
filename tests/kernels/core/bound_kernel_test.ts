/**
 * Tests that a kernel binds each piece of memory once, however many of its inputs are that memory.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { boundKernel } from "../../../kernels/core/bound_kernel.ts";
import { leastGpu } from "../../../kernels/core/gpu.ts";
import { type Call, Graph, type Op } from "../../../kernels/core/graph.ts";
import { callKey } from "../../../kernels/core/op.ts";
import { compile } from "../../../kernels/core/program.ts";
import { flat } from "../../../kernels/core/wgsl.ts";
import { reshape } from "../../../kernels/core/view.ts";
import { openReference } from "../../../kernels/engine/reference.ts";
import { openWebgpu } from "../../../kernels/engine/webgpu/webgpu_engine.ts";
import { add, mul } from "../../../kernels/ops/elementwise/arith.ts";
import { relu } from "../../../kernels/ops/elementwise/relu.ts";
import { matmul } from "../../../kernels/ops/matmul/matmul.ts";
import { normals } from "../../../kernels/random/philox.ts";

/** Returns a call's number of bindings, and the bindings that its dispatches declare. */
function bound(call: Call, choice?: string): [number, string[][]] {
  const choices = choice === undefined ? undefined : new Map([[callKey(call), choice]]);
  const { tensors, dispatches } = boundKernel(call, { ...leastGpu, ...(choices && { choices }) });
  const declared = dispatches.map(({ code }) =>
    [...code.matchAll(/@binding\((\d)\) var<storage, read_write> (\w+)/g)].map(([, i, name]) =>
      `${i} ${name}`
    )
  );
  return [tensors.length, declared];
}

/** Returns a graph with products of a matrix [M, N] and itself, and their results by name. */
function squares(m: number, n: number) {
  const graph = new Graph();
  const x = graph.leaf("x", { shape: [m, n], dtype: "f32" }, "input"), y = relu(x);
  const results = {
    product: mul(y, y),
    sum: add(y, reshape(y, [m, n])),
    gram: matmul(y, y, { transposeB: true }),
    columns: matmul(reshape(y, [1, m * n]), reshape(y, [m * n, 1])),
  };
  for (const [name, tensor] of Object.entries(results)) graph.output(name, tensor);
  return { graph, results };
}

Deno.test("boundKernel() binds memory that is several inputs once, and the scratch memory after it", () => {
  const { product, sum, gram } = squares(8, 3000).results;
  deepStrictEqual(bound(product.call!), [2, [["0 in0", "1 out0"]]]);
  deepStrictEqual(bound(sum.call!), [2, [["0 in0", "1 out0"]]], "a view is the same memory");
  const parts = gram.call!.op.variants!(gram.call!, leastGpu).find((name) => / in \d/.test(name));
  ok(parts !== undefined, "K of 3000 is divided into parts");
  const declared = ["0 in0", "1 out0", "2 scratch"];
  deepStrictEqual(bound(gram.call!, parts), [2, [declared, declared]]);
});

Deno.test("boundKernel() leaves a kernel of separate tensors unchanged, and refuses one with two types of one tensor", () => {
  const { graph } = squares(3, 4), [call] = graph.calls;
  strictEqual(boundKernel(call, leastGpu).dispatches[0].code, call.op.wgsl(call, leastGpu).code);
  const square = squares(4, 4).results.product.call!;
  const typed = { ...square.op, wgsl: () => ({ ...square.op.wgsl(square, leastGpu), code: twoTypes }) };
  throws(() => boundKernel({ ...square, op: typed }, leastGpu), {
    name: "TypeError",
    message: /Cannot bind relu.* of mul as array<f32> and array<u32>/,
  });
});

Deno.test("boundKernel() reads numbers as components where the same memory is also read as vectors of four", () => {
  const { code } = boundKernel(squares(4, 4).results.columns.call!, leastGpu).dispatches[0];
  strictEqual(code.match(/in0: array<vec4f>/g)?.length, 1);
  ok(/in0\[\(.*\) \/ 4u\]\[\(.*\) % 4u\]/.test(code) && !/\bin1\b/.test(code), code);
});

const twoTypes = `@group(0) @binding(0) var<storage, read_write> in0: array<f32>;
@group(0) @binding(1) var<storage, read_write> in1: array<u32>;`;

Deno.test("webgpu engine computes calls whose inputs share memory as the reference does", async () => {
  for (const [m, n] of [[3, 5], [8, 12]]) {
    const { graph, results } = squares(m, n), program = compile("squares", graph);
    const weights = { x: { shape: [m, n], data: normals(1, "x", m * n) } };
    const run = async (engine: Awaited<ReturnType<typeof openWebgpu>> | ReturnType<typeof openReference>) => {
      await using session = await engine.open([program], weights);
      await session.run(["squares"]);
      return await session.read(Object.keys(results));
    };
    const actual = await run(await openWebgpu()), expected = await run(openReference());
    for (const [name, { data }] of Object.entries(expected)) {
      data.forEach((value, i) => ok(Math.abs(actual[name].data[i] - value) < 1e-4, `${name} ${i}`));
    }
  }
});

Deno.test("a result has memory of its own even if infer() returns the input, which is a tensor", () => {
  const op: Op<null> = {
    name: "copy",
    infer: ([x]) => [x],
    reference: ([x]) => [x],
    wgsl: (call) => flat(call, "out0[i] = in0[i];"),
    wasm: () => [],
    cases: [],
  };
  const graph = new Graph(), x = graph.leaf("x", { shape: [4], dtype: "f32" }, "parameter");
  const [y] = graph.call(op, [x], null);
  graph.output("y", y);
  deepStrictEqual([y.kind, y.label], ["activation", "copy#0.0"]);
  strictEqual(boundKernel(graph.calls[0], leastGpu).tensors.length, 2);
});
