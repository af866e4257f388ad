/**
 * Kernels of the matmul family on the adapter at hand, each against the float64 reference.
 *
 * @module
 */
import { ok } from "node:assert/strict";
import { callKey } from "../../../../kernels/core/op.ts";
import { type Gpu, leastGpu } from "../../../../kernels/core/gpu.ts";
import { type Call, Graph, type Op } from "../../../../kernels/core/graph.ts";
import type { Case } from "../../../../kernels/core/case.ts";
import { compile } from "../../../../kernels/core/program.ts";
import { openWebgpu } from "../../../../kernels/engine/webgpu/webgpu_engine.ts";
import { matmulOp } from "../../../../kernels/ops/matmul/matmul.ts";
import { relu } from "../../../../kernels/ops/elementwise/relu.ts";
import { caseGraph, parityChecks } from "../../parity/parity.ts";

/** All that a GPU can have. */
export const able: Gpu = { ...leastGpu, features: new Set(["shader-f16", "subgroups"]) };

/** M, K, N: all ragged; and whole vectors, with an edge in every tile and K long enough for parts. */
export const ragged: readonly number[] = [33, 19, 37], whole: readonly number[] = [68, 264, 76];
const row: readonly number[] = [3, 264, 132], rows: readonly number[] = [7, 266, 130];

/** A call to try a variant on. */
export interface Trial {
  readonly op: Op<any>;
  readonly case: Case<any>;
  readonly call: Call;
  readonly name: string;
}

/** Trials of one case by all its variants, those that round to 16 bits last. */
export function trials(op: Op<any>, c: Case<any>): readonly Trial[] {
  const [call] = caseGraph(op, c).graph.calls;
  const names = [false, true].flatMap((half) => op.variants!(call, { ...able, half }));
  return names.map((name) => ({ op, case: c, call, name }));
}

/**
 * Trials of matmul in all layouts. SwiftShader takes up to a second to compile a kernel with workgroup memory, for it
 * writes out the zeros that this begins with: so all layouts are for the least kernel of each kind, and for quads, which
 * take whole vectors of a only. Others have each operand along the depth and along the width, and sum all of K.
 */
export function layoutTrials(): readonly Trial[] {
  return [false, true].flatMap((transposeA) =>
    [false, true].flatMap((transposeB) =>
      [row, rows, ragged, whole].flatMap((size) => {
        const [m, k, n] = size;
        const inputs = [transposeA ? [k, m] : [m, k], transposeB ? [n, k] : [k, n]];
        return trials(matmulOp, { inputs, attrs: { transposeA, transposeB } }).filter(({ name }) =>
          size === row
            ? name.includes(" by 64x1") || name.startsWith("slices 4x4")
            : name.startsWith("quads") ||
              ((size === ragged) === (transposeA === transposeB) &&
                (name.includes(" 4x4 by 8x8") || size === whole && !name.includes(" in ")))
        );
      })
    )
  );
}

/** Where operands wait: the variant's first word. */
export function kindOf({ name }: Trial): string {
  return name.split(" ")[0];
}

/** A step of test for each kind of kernel; quads cannot run where the adapter has no subgroups. */
export async function checkTrials(t: Deno.TestContext, all: readonly Trial[]): Promise<void> {
  const { device } = await openWebgpu(), gpu = await adapterGpu();
  for (const [kind, own] of Map.groupBy(all, kindOf)) {
    const missing = kind === "quads" && !gpu.features.has("subgroups");
    await t.step({
      name: missing ? `${kind} (cannot run here: ${device} has no subgroups)` : kind,
      ignore: missing,
      fn: () => check(own, { gpu: { ...gpu, half: kind === "half" } }),
    });
  }
}

/** In a session each call has one choice: trials of the same call run in one after the other. */
async function check(all: readonly Trial[], { gpu }: { readonly gpu: Gpu }): Promise<void> {
  const { half = false } = gpu;
  for (const { op, call, name } of all) {
    ok(op.variants!(call, gpu).includes(name), `${name} is no choice here`);
  }
  for (let left = all; left.length > 0;) {
    const now = new Map(left.map((trial) => [callKey(trial.call), trial]));
    left = left.filter((trial) => now.get(callKey(trial.call)) !== trial);
    const choices = new Map([...now].map(([key, { name }]) => [key, name]));
    const ops = [...Map.groupBy(now.values(), ({ op }) => op)].map(([op, own]) => ({
      ...(half ? rounded(op) : op),
      cases: own.map((trial) => trial.case),
    }));
    const checks = await parityChecks(await openWebgpu({ half, choices }), ops);
    for (const check of checks.values()) check();
  }
}

/**
 * The op of operands rounded to the nearest 16-bit floats. Once rounded, the product of two is exact in 32 bits and their sum
 * is as ever: so nothing is allowed beyond what any kernel may lose, 1e-5, and another rounding, 5e-4 of a number, fails.
 */
function rounded(op: Op<any>): Op<any> {
  return {
    ...op,
    reference: ([a, b, ...others], call) =>
      op.reference([a.map(Math.f16round), b.map(Math.f16round), ...others], call),
  };
}

/** What the adapter at hand can do. */
async function adapterGpu(): Promise<Gpu> {
  const graph = new Graph();
  graph.output("y", relu(graph.leaf("x", { shape: [4], dtype: "f32" }, "input")));
  await using session = await (await openWebgpu()).open([compile("p", graph)], {});
  return session.gpu;
}
