/**
 * Tests on the CPU engine that a linear layer made of one op has the same values and gradients as a layer
 * made of several ops.
 *
 * @module
 */
import { ok } from "node:assert/strict";
import { gradients } from "../../../../kernels/core/gradients.ts";
import { Graph, type Tensor } from "../../../../kernels/core/graph.ts";
import { normals } from "../../../../kernels/random/philox.ts";
import { compile } from "../../../../kernels/core/program.ts";
import { type Shape, sizeOf } from "../../../../kernels/core/tensor.ts";
import { openCpu } from "../../../../kernels/engine/cpu/cpu_engine.ts";
import { affine, affineAdd, affineGelu } from "../../../../kernels/ops/matmul/affine.ts";
import { add, mul } from "../../../../kernels/ops/elementwise/arith.ts";
import { gelu } from "../../../../kernels/ops/elementwise/gelu.ts";
import { matmul } from "../../../../kernels/ops/matmul/matmul.ts";
import { sum } from "../../../../kernels/ops/reduce/reduce.ts";

interface Leaves {
  readonly x: Tensor;
  readonly weight: Tensor;
  readonly bias: Tensor;
  readonly residual: Tensor;
}

const shapes: Readonly<Record<keyof Leaves, Shape>> = {
  x: [3, 11, 19],
  weight: [19, 37],
  bias: [37],
  residual: [3, 11, 37],
};
const pairs: Readonly<Record<string, readonly [(l: Leaves) => Tensor, (l: Leaves) => Tensor]>> = {
  "affine()": [({ x, ...l }) => affine(x, l), ({ x, weight, bias }) => add(matmul(x, weight), bias)],
  "affineGelu()": [
    ({ x, ...l }) => affineGelu(x, l),
    ({ x, weight, bias }) => gelu(add(matmul(x, weight), bias)),
  ],
  "affineAdd()": [
    ({ x, ...l }) => affineAdd(x, l),
    ({ x, weight, bias, residual }) => add(residual, add(matmul(x, weight), bias)),
  ],
};

for (const [name, [fused, separate]] of Object.entries(pairs)) {
  Deno.test(`${name} and its gradients equal those of the ops that it replaces`, async () => {
    const one = await evaluate(fused), other = await evaluate(separate);
    for (const label of Object.keys(other)) {
      const expected = other[label];
      one[label].forEach((v, i) =>
        ok(Math.abs(v - expected[i]) < 1e-5, `${label} ${i}: ${v}, expected ${expected[i]}`)
      );
    }
  });
}

/** Computes the layer's result, and the gradients of the sum of its elements weighted by random numbers. */
async function evaluate(layer: (leaves: Leaves) => Tensor): Promise<Record<string, number[]>> {
  const graph = new Graph();
  const leaf = (label: string, shape: Shape) => graph.leaf(label, { shape, dtype: "f32" }, "parameter");
  const leaves = {
    x: leaf("x", shapes.x),
    weight: leaf("weight", shapes.weight),
    bias: leaf("bias", shapes.bias),
    residual: leaf("residual", shapes.residual),
  };
  const y = layer(leaves), factors = leaf("factors", shapes.residual);
  graph.output("y", y);
  const all = Object.values(leaves);
  gradients(sum(mul(y, factors)), all).forEach((g, i) => {
    if (g !== null) graph.output(`d${all[i].label}`, g);
  });
  const weights = Object.fromEntries(
    [...all, factors].map(({ label, shape }) => [label, { shape, data: normals(1, label, sizeOf(shape)) }]),
  );
  const engine = await openCpu({ threads: 2 });
  await using session = await engine.open([compile("p", graph)], weights);
  await session.run(["p"]);
  const read = await session.read([...graph.outputs.keys()]);
  return Object.fromEntries(Object.entries(read).map(([label, { data }]) => [label, [...data]]));
}
