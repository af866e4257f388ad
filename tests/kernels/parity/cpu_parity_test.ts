/**
 * Tests every op on the CPU engine: it matches the float64 reference and gives the same bits for any number
 * of threads.
 *
 * @module
 */
import { deepStrictEqual } from "node:assert/strict";
import type { Case } from "../../../kernels/core/case.ts";
import { openCpu } from "../../../kernels/engine/cpu/cpu_engine.ts";
import { attentionGradOp, attentionOp } from "../../../kernels/ops/attention/attention.ts";
import type { AttentionAttrs } from "../../../kernels/ops/attention/attention_sizes.ts";
import { ops } from "../../../kernels/ops/list.ts";
import { matmulAddOp, matmulOp } from "../../../kernels/ops/matmul/matmul.ts";
import { compareCase, compareFarFromZero, compareOps } from "../../../kernels/parity/parity.ts";
import { runCases, smallCases } from "../../../kernels/parity/run_cases.ts";
import { expectNone, paritySteps } from "./parity_steps.ts";

Deno.test("cpu engine matches the reference of every op to float32 precision", async (t) => {
  await paritySteps(t, await compareOps(await openCpu({ threads: 2 }), ops));
});

Deno.test("cpu engine without relaxed SIMD matches the reference of every op to float32 precision", async (t) => {
  await paritySteps(t, await compareOps(await openCpu({ threads: 2, relaxedSimd: false }), ops));
});

Deno.test("cpu engine gives the same bits with one, two and three threads", async (t) => {
  const cases = smallCases(ops);
  const run = async (threads: number) =>
    await runCases(await openCpu({ threads }), cases, { seed: 2, times: 1 });
  const [one, two, three] = [await run(1), await run(2), await run(3)];
  for (const op of ops) {
    await t.step(op.name, () => {
      cases.forEach((c, i) => {
        if (c.op !== op) return;
        deepStrictEqual(two[i], one[i], JSON.stringify(c.case));
        deepStrictEqual(three[i], one[i], JSON.stringify(c.case));
      });
    });
  }
});

Deno.test("cpu engine with the wide tile matches the reference of every product to float32 precision", async (t) => {
  const products = ops.filter((op) => /^(matmul|affine)/.test(op.name));
  for (const relaxedSimd of [true, false]) {
    const engine = await openCpu({ threads: 2, relaxedSimd, wideTile: true });
    await paritySteps(t, await compareOps(engine, products), relaxedSimd ? "" : ", plain");
  }
});

Deno.test("cpu engine gives the same bits with and without the wide tile, for any number of threads", async () => {
  const layouts = [[false, false], [false, true], [true, false], [true, true]];
  // [M, K, N]: whole tiles, partial tiles at both edges, and more than one block in every direction.
  const sizes = [[8, 4, 16], [16, 256, 48], [9, 1, 33], [17, 300, 40], [64, 513, 24], [140, 259, 1065]];
  const cases = sizes.flatMap(([m, k, n]) =>
    layouts.flatMap(([transposeA, transposeB]) => {
      const inputs = [transposeA ? [k, m] : [m, k], transposeB ? [n, k] : [k, n]];
      const attrs = { transposeA, transposeB };
      return [
        { op: matmulOp, case: { inputs, attrs } },
        { op: matmulAddOp, case: { inputs: [...inputs, [m, n]], attrs } },
      ];
    })
  );
  const run = async (options: { threads: number; wideTile: boolean; relaxedSimd?: boolean }) =>
    await runCases(await openCpu(options), cases, { seed: 5, times: 1 });
  const narrow = await run({ threads: 1, wideTile: false });
  for (const threads of [1, 2, 3]) {
    const wide = await run({ threads, wideTile: true });
    cases.forEach((c, i) => deepStrictEqual(wide[i], narrow[i], `${c.op.name} ${JSON.stringify(c.case)}`));
  }
});

Deno.test("cpu engine computes activations and their derivatives correctly far from 0", async () => {
  expectNone(await compareFarFromZero(await openCpu({ threads: 1 })));
});

Deno.test("cpu engine computes attention and its gradient if they do not fit into a thread's scratch memory", async () => {
  // With heads of this width, the scratch memory holds about 350 keys in the forward pass, and about 170
  // queries in the backward pass.
  const forward = { inputs: [[1, 360, 3 * 512]], attrs: { heads: 1 } };
  const out = [1, 360, 512];
  const backward = { inputs: [...forward.inputs, out, [1, 1, 360], out], attrs: forward.attrs };
  const engine = await openCpu({ threads: 2 });
  expectNone(await compareCase(engine, attentionOp, { case: forward, seed: 3 }));
  expectNone(await compareCase(engine, attentionGradOp, { case: backward, seed: 3 }));

  const withDropout = (c: Case<AttentionAttrs>): Case<AttentionAttrs> => ({
    inputs: [...c.inputs, [2], [1]],
    attrs: { ...c.attrs, dropout: 0.2 },
    fill: [...c.inputs.map(() => "normal" as const), { below: 2 ** 32 }, { below: 2 ** 32 }],
  });
  expectNone(await compareCase(engine, attentionOp, { case: withDropout(forward), seed: 3 }));
  expectNone(await compareCase(engine, attentionGradOp, { case: withDropout(backward), seed: 3 }));

  // Windows within a chunk, and over more than one.
  for (const window of [3, 100, 345]) {
    const attrs = { heads: 2, keyHeads: 1, window, scale: 0.03, softCap: 0.5 };
    const windowed = { inputs: [[1, 360, 4 * 512]], attrs }, out = [1, 360, 2 * 512];
    const grad = { inputs: [...windowed.inputs, out, [1, 2, 360], out], attrs };
    expectNone(await compareCase(engine, attentionOp, { case: withDropout(windowed), seed: 3 }));
    expectNone(await compareCase(engine, attentionGradOp, { case: withDropout(grad), seed: 3 }));
  }
});
