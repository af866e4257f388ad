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
/** M, K, N: all ragged; and whole vectors, with an edge in every tile and K long enough for parts. */
const ragged = [33, 19, 37], whole = [68, 264, 76];

/** A call to try a variant on. */
interface Trial {
  readonly op: Op<any>;
  readonly case: Case<any>;
  readonly call: Call;
  readonly name: string;
}

/** Trials of one case by all its variants. */
function trials(op: Op<any>, c: Case<any>): readonly Trial[] {
  const [call] = caseGraph(op, c).graph.calls;
  return op.variants!(call, able).map((name) => ({ op, case: c, call, name }));
}

/**
 * Kernels with workgroup memory take SwiftShader up to a second to compile, for it writes out the zeros that memory begins
 * with. So each layout has one size of the two: both operands still lie either way, ragged and whole; and parts are tried
 * in a layout that has them in training. Quads take whole vectors of a only, so all layouts have both.
 */
function matmulTrials(): readonly Trial[] {
  return [false, true].flatMap((transposeA) =>
    [false, true].flatMap((transposeB) =>
      [ragged, whole].flatMap((size) => {
        const [m, k, n] = size;
        const inputs = [transposeA ? [k, m] : [m, k], transposeB ? [n, k] : [k, n]];
        return trials(matmulOp, { inputs, attrs: { transposeA, transposeB } }).filter(({ name }) =>
          name.startsWith("quads") ||
          ((size === ragged) === (transposeA === transposeB) && (!name.includes(" in ") || transposeA))
        );
      })
    )
  );
}

/** Larger tiles are finished as the smallest are. */
function affineTrials(op: Op<any>): readonly Trial[] {
  return [ragged, whole].flatMap(([m, k, n]) =>
    trials(op, { inputs: [[m, k], [k, n], [n], ...(op === affineAddOp ? [[m, n]] : [])], attrs: null })
      .filter(({ name }) => !/^(tiles|half) (8|4x4 by 16)/.test(name))
  );
}

const needs: Readonly<Record<string, "shader-f16" | "subgroups">> = {
  half: "shader-f16",
  quads: "subgroups",
};
// Rounding an operand to 11 bits loses up to 4.9e-4 of it, 2e-4 in the mean; the sum of such losses, of either sign, is
// that of a sum's root mean square, and one of some thousand results has five times the mean.
const within: Readonly<Record<string, number>> = { half: 3e-3 };

const suites = {
  matmul: matmulTrials(),
  "affine, affine_gelu and affine_add": [affineOp, affineGeluOp, affineAddOp].flatMap(affineTrials),
};
for (const [title, all] of Object.entries(suites)) {
  Deno.test(`every variant of ${title} on webgpu gives the reference, and the same bits again`, async (t) => {
    const { device } = await openWebgpu(), { features } = await adapterGpu();
    for (const [kind, own] of Map.groupBy(all, ({ name }) => name.split(" ")[0])) {
      const missing = needs[kind] !== undefined && !features.has(needs[kind]);
      await t.step({
        name: missing ? `${kind} (cannot run here: ${device} has no ${needs[kind]})` : kind,
        ignore: missing,
        fn: () => check(own, within[kind]),
      });
    }
  });
}

/** In a session each call has one choice: trials of the same call run in one after the other. */
async function check(all: readonly Trial[], within: number | undefined): Promise<void> {
  for (let left = all; left.length > 0;) {
    const now = new Map(left.map((trial) => [callKey(trial.call), trial]));
    left = left.filter((trial) => now.get(callKey(trial.call)) !== trial);
    const choices = new Map([...now].map(([key, { name }]) => [key, name]));
    const ops = [...Map.groupBy(now.values(), ({ op }) => op)].map(([op, own]) => ({
      ...op,
      cases: own.map((trial) => trial.case),
    }));
    const checks = await parityChecks(await openWebgpu({ half: true, choices }), ops, { within });
    for (const check of checks.values()) check();
  }
}

/** What the adapter at hand can do. */
async function adapterGpu(): Promise<Gpu> {
  const graph = new Graph();
  graph.output("y", relu(graph.leaf("x", { shape: [4], dtype: "f32" }, "input")));
  await using session = await (await openWebgpu()).open([compile("p", graph)], {});
  return session.gpu;
}

Deno.test("variants() of a product are what the GPU's limits and features allow, the untried one first", () => {
  const call = caseGraph(matmulOp, { inputs: [[256, 768], [768, 768]], attrs: {} }).graph.calls[0];
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
    return matmulOp.variants!(caseGraph(matmulOp, { inputs, attrs }).graph.calls[0], leastGpu)[0];
  };
  const TN = { transposeA: true };
  strictEqual(untried(8192, 768, 3072), "tiles 4x4 by 16x16");
  strictEqual(untried(256, 768, 768), "tiles 4x4 by 8x8");
  strictEqual(untried(128, 8192, 128, TN), "tiles 4x4 by 8x8 in 4"); // gradient of a small weight, B·T 8192
  strictEqual(untried(1, 768, 768), "registers 4x4 by 64x1 in 4");
});

Deno.test("parts of K take scratch memory as large as all of their sums, written by one dispatch, read by the next", () => {
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

Deno.test("a choice that is no variant of a call on this GPU changes nothing", () => {
  const [call] = caseGraph(matmulOp, { inputs: [[64, 64], [64, 64]], attrs: {} }).graph.calls;
  for (const name of ["half 8x4 by 16x8", "tiles 7x7 by 1x1", ""]) {
    deepStrictEqual(
      matmulOp.wgsl(call, { ...leastGpu, choices: new Map([[callKey(call), name]]) }),
      matmulOp.wgsl(call, leastGpu),
    );
  }
});
