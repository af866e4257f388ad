/**
 * Tests the variants of matmul kernels: which ones a GPU can run, which one the heuristic prefers, and their
 * WGSL.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { bindings, callKey } from "../../../../kernels/core/op.ts";
import { type Gpu, leastGpu } from "../../../../kernels/core/gpu.ts";
import { dispatchesOf, scratchOf } from "../../../../kernels/core/wgsl.ts";
import { matmulOp } from "../../../../kernels/ops/matmul/matmul.ts";
import { caseGraph } from "../../../../kernels/parity/run_cases.ts";
import { featuredGpu } from "../../../../kernels/parity/matmul_trials.ts";

Deno.test("variants() of a product are those that the GPU's limits and features allow, the preferred one first", () => {
  const call = caseGraph(matmulOp, { inputs: [[256, 768], [768, 768]], attrs: {} }).graph.calls[0];
  const names = (gpu: Gpu) => matmulOp.variants!(call, gpu);
  const kinds = (gpu: Gpu) => [...new Set(names(gpu).map((name) => name.split(" ")[0]))].sort();
  deepStrictEqual(kinds(featuredGpu), ["quads", "registers", "tiles"]);
  deepStrictEqual(kinds(leastGpu), ["registers", "tiles"]);
  // Rounding to 16 bits depends only on the GPU's `half`, with or without native f16.
  for (const gpu of [featuredGpu, leastGpu]) deepStrictEqual(kinds({ ...gpu, half: true }), ["half"]);
  strictEqual(new Set(names(featuredGpu)).size, names(featuredGpu).length);
  strictEqual(names({ ...featuredGpu, software: true })[0], "quads 8x8 by 8x8");
  strictEqual(names({ ...leastGpu, software: true })[0], "registers 8x8 by 8x8");
  strictEqual(names({ ...leastGpu, software: true, half: true })[0], "half 4x4 by 8x8");
  const small = {
    ...leastGpu.limits,
    maxComputeInvocationsPerWorkgroup: 64,
    maxComputeWorkgroupStorageSize: 4096,
  };
  for (const half of [false, true]) {
    for (const name of names({ ...leastGpu, limits: small, half })) {
      const [across, down] = /by (\d+)x(\d+)/.exec(name)!.slice(1).map(Number);
      ok(across * down <= 64, name);
    }
  }
});

Deno.test("the preferred variant: large tiles for large results, K in parts for small ones, slices for few rows", () => {
  const preferred = (m: number, k: number, n: number, { attrs = {}, half = false } = {}) => {
    const inputs = [attrs === TN ? [k, m] : [m, k], [k, n]];
    const [call] = caseGraph(matmulOp, { inputs, attrs }).graph.calls;
    return matmulOp.variants!(call, { ...leastGpu, half })[0];
  };
  const TN = { transposeA: true };
  strictEqual(preferred(8192, 768, 3072), "tiles 8x4 by 16x8");
  strictEqual(preferred(256, 768, 768), "tiles 4x4 by 8x8");
  // Gradients of weights: a small one, where `B·T` is 8192, and one of GPT-2.
  strictEqual(preferred(128, 8192, 128, { attrs: TN }), "tiles 4x4 by 8x8 in 16");
  strictEqual(preferred(768, 16384, 768, { attrs: TN }), "tiles 8x4 by 16x8 in 4");
  strictEqual(preferred(1, 768, 768), "slices 4x4 by 16x1x8 in 4");
  strictEqual(preferred(7, 768, 3072), "slices 8x4 by 16x1x8 in 2");
  strictEqual(preferred(1, 768, 768, { attrs: { transposeB: true } }), "slices 4x4 by 2x1x32");
  const half = true;
  strictEqual(preferred(8192, 768, 3072, { half }), "half 8x4 by 16x8");
  strictEqual(preferred(256, 768, 768, { half }), "half 4x4 by 8x8");
  strictEqual(preferred(1, 768, 768, { half }), "half 4x4 by 64x1 in 4");
});

Deno.test("products with a small result and a long K are divided into at least 512 workgroups", () => {
  const TN = { transposeA: true };
  const sizes: readonly (readonly [m: number, k: number, n: number, attrs: object])[] = [
    [640, 50304, 768, {}], // gradient of the head's input
    [768, 16384, 768, TN], // gradients of GPT-2's smallest weight, and of those of gpu-small
    [384, 16384, 384, TN],
    [384, 16384, 1152, TN],
  ];
  for (const [m, k, n, attrs] of sizes) {
    const [call] =
      caseGraph(matmulOp, { inputs: [attrs === TN ? [k, m] : [m, k], [k, n]], attrs }).graph.calls;
    const groups = matmulOp.variants!(call, leastGpu).map((name) => {
      const choices = new Map([[callKey(call), name]]);
      return matmulOp.wgsl(call, { ...leastGpu, choices }).workgroups.reduce((a, b) => a * b);
    });
    ok(groups[0] >= 512, `${m} x ${k} x ${n}: ${groups}`);
  }
});

Deno.test("parts of K use scratch memory for all of their sums, which one dispatch writes and the next reads", () => {
  const [call] =
    caseGraph(matmulOp, { inputs: [[2048, 64], [2048, 96]], attrs: { transposeA: true } }).graph.calls;
  const kernel = matmulOp.wgsl(call, {
    ...leastGpu,
    choices: new Map([[callKey(call), "tiles 4x4 by 8x8 in 16"]]),
  });
  const [first, second, ...more] = dispatchesOf(kernel);
  deepStrictEqual(more, []);
  strictEqual(first.workgroups[2], 16);
  strictEqual(scratchOf(kernel), 4 * 64 * 96 * 16);
  for (const { code } of [first, second]) ok(code.includes(`@binding(${bindings(call).length})`), code);
});

Deno.test("a choice that names no variant of a call on this GPU is ignored", () => {
  const [call] = caseGraph(matmulOp, { inputs: [[64, 64], [64, 64]], attrs: {} }).graph.calls;
  for (const name of ["half 8x4 by 16x8", "tiles 7x7 by 1x1", ""]) {
    deepStrictEqual(
      matmulOp.wgsl(call, { ...leastGpu, choices: new Map([[callKey(call), name]]) }),
      matmulOp.wgsl(call, leastGpu),
    );
  }
});
