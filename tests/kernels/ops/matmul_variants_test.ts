/**
 * Every kernel of the matmul family that the adapter can run, in every layout, with every finish, at even and ragged
 * sizes, against the float64 reference.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { callKey, type Gpu, leastGpu } from "../../../kernels/core/gpu.ts";
import {
  bindings,
  type Call,
  type Case,
  dispatchesOf,
  type Op,
  scratchOf,
} from "../../../kernels/core/op.ts";
import { Graph } from "../../../kernels/core/graph.ts";
import { compile } from "../../../kernels/core/program.ts";
import { relu } from "../../../kernels/ops/relu.ts";
import { openWebgpu } from "../../../kernels/engine/webgpu.ts";
import { affineAddOp, affineGeluOp, affineOp } from "../../../kernels/ops/affine.ts";
import { matmulOp } from "../../../kernels/ops/matmul.ts";
import { caseGraph, parityChecks } from "../parity.ts";

/** All that a GPU can have. */
const able: Gpu = { ...leastGpu, features: new Set(["shader-f16", "subgroups"]), half: true };
/** A ragged size, one of whole vectors, with an edge in every tile and K in parts, and a single row. */
const sizes = [[33, 19, 37], [68, 264, 76], [1, 260, 36]] as const; // M, K, N

const layouts = [false, true].flatMap((transposeA) =>
  [false, true].map((transposeB) => ({ transposeA, transposeB }))
);
const matmuls: Op<any> = {
  ...matmulOp,
  cases: layouts.flatMap((attrs) =>
    sizes.map(([m, k, n]): Case<any> => ({
      inputs: [attrs.transposeA ? [k, m] : [m, k], attrs.transposeB ? [n, k] : [k, n]],
      attrs,
    }))
  ),
};
const affines = [affineOp, affineGeluOp, affineAddOp].map((op): Op<any> => ({
  ...op,
  cases: sizes.slice(0, 2).map(([m, k, n]): Case<any> => ({
    inputs: [[m, k], [k, n], [n], ...(op === affineAddOp ? [[m, n]] : [])],
    attrs: null,
  })),
}));

/** Variants of all calls by the kind of kernel that they are. */
function byKind(ops: readonly Op<any>[]): ReadonlyMap<string, readonly (readonly [Call, string])[]> {
  const kinds = new Map<string, [Call, string][]>();
  for (const op of ops) {
    for (const c of op.cases) {
      const [call] = caseGraph(op, c).graph.calls;
      for (const name of op.variants!(call, able)) {
        const kind = name.split(" ")[0];
        kinds.set(kind, [...kinds.get(kind) ?? [], [call, name]]);
      }
    }
  }
  return kinds;
}

const needs: Readonly<Record<string, "shader-f16" | "subgroups">> = {
  half: "shader-f16",
  quads: "subgroups",
};
// Rounding an operand to 11 bits loses up to 4.9e-4 of it, 2e-4 in the mean; the sum of such losses, of either sign, is
// that of a sum's root mean square, and one of some thousand results has five times the mean.
const within: Readonly<Record<string, number>> = { half: 3e-3 };

for (
  const [title, ops] of [["matmul", [matmuls]], ["affine, affine_gelu and affine_add", affines]] as const
) {
  Deno.test(`every variant of ${title} on webgpu gives the reference, and the same bits again`, async (t) => {
    const { device } = await openWebgpu();
    const gpu = await adapterGpu();
    for (const [kind, pairs] of byKind(ops)) {
      const missing = needs[kind] !== undefined && !gpu.features.has(needs[kind]);
      await t.step({
        name: missing ? `${kind} (cannot run here: ${device} has no ${needs[kind]})` : kind,
        ignore: missing,
        fn: async () => {
          // One session a round: each call has one choice in it.
          for (let left = pairs; left.length > 0;) {
            const choices = new Map(left.map(([call, name]) => [callKey(call), name]));
            left = left.filter(([call, name]) => choices.get(callKey(call)) !== name);
            const chosen = ops.map((op) => ({
              ...op,
              cases: op.cases.filter((c) => choices.has(callKey(caseGraph(op, c).graph.calls[0]))),
            }));
            const engine = await openWebgpu({ half: true, choices });
            const checks = await parityChecks(engine, chosen, { within: within[kind] });
            for (const check of checks.values()) check();
          }
        },
      });
    }
  });
}

/** What the adapter at hand can do. */
async function adapterGpu(): Promise<Gpu> {
  const graph = new Graph();
  graph.output("y", relu(graph.leaf("x", { shape: [4], dtype: "f32" }, "input")));
  await using session = await (await openWebgpu()).open([compile("p", graph)], {});
  return session.gpu;
}

Deno.test("variants() of a product are what the GPU's limits and features allow, the untried one first", () => {
  const call = caseGraph(matmuls, { inputs: [[256, 768], [768, 768]], attrs: {} }).graph.calls[0];
  const names = (gpu: Gpu) => matmulOp.variants!(call, gpu);
  const kinds = (gpu: Gpu) => [...new Set(names(gpu).map((name) => name.split(" ")[0]))].sort();
  deepStrictEqual(kinds(able), ["half", "quads", "registers", "tiles"]);
  deepStrictEqual(kinds({ ...able, half: false }), ["quads", "registers", "tiles"]);
  deepStrictEqual(kinds(leastGpu), ["registers", "tiles"]);
  strictEqual(new Set(names(able)).size, names(able).length);
  strictEqual(names({ ...able, software: true })[0], "quads 8x8 by 8x8");
  strictEqual(names({ ...leastGpu, software: true })[0], "registers 8x8 by 8x8");
  const small = {
    ...leastGpu.limits,
    maxComputeInvocationsPerWorkgroup: 64,
    maxComputeWorkgroupStorageSize: 4096,
  };
  for (const name of names({ ...leastGpu, limits: small })) {
    const [across, down] = /by (\d+)x(\d+)/.exec(name)!.slice(1).map(Number);
    ok(across * down <= 64, name);
  }
});

Deno.test("a product untried: large tiles for many results, K in parts for few, a row alone by its own kernel", () => {
  const untried = (m: number, k: number, n: number, attrs = {}) => {
    const inputs = [attrs === TN ? [k, m] : [m, k], [k, n]];
    return matmulOp.variants!(caseGraph(matmuls, { inputs, attrs }).graph.calls[0], leastGpu)[0];
  };
  const TN = { transposeA: true };
  strictEqual(untried(8192, 768, 3072), "tiles 4x4 by 16x16");
  strictEqual(untried(256, 768, 768), "tiles 4x4 by 8x8");
  strictEqual(untried(128, 8192, 128, TN), "tiles 4x4 by 8x8 in 4"); // gradient of a small weight, B·T 8192
  strictEqual(untried(1, 768, 768), "registers 4x4 by 64x1 in 4");
});

Deno.test("parts of K take scratch memory as large as all of their sums, written by one dispatch, read by the next", () => {
  const [call] =
    caseGraph(matmuls, { inputs: [[2048, 64], [2048, 96]], attrs: { transposeA: true } }).graph.calls;
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

Deno.test("a choice that is no variant of a call on this GPU changes nothing", () => {
  const [call] = caseGraph(matmuls, { inputs: [[64, 64], [64, 64]], attrs: {} }).graph.calls;
  for (const name of ["half 8x4 by 16x8", "tiles 7x7 by 1x1", ""]) {
    deepStrictEqual(
      matmulOp.wgsl(call, { ...leastGpu, choices: new Map([[callKey(call), name]]) }),
      matmulOp.wgsl(call, leastGpu),
    );
  }
});
