/**
 * Every op on the CPU engine: against the float64 reference, and with the same bits for any number of threads.
 *
 * @module
 */
import { deepStrictEqual } from "node:assert/strict";
import { openCpu } from "../../kernels/engine/cpu.ts";
import { ops } from "../../kernels/ops/list.ts";
import { checkFarOut, parityChecks, runCases, smallCases } from "./parity.ts";

Deno.test("cpu engine gives every op's reference within float32", async (t) => {
  const checks = await parityChecks(await openCpu({ threads: 2 }), ops);
  for (const [name, check] of checks) await t.step(name, check);
});

Deno.test("cpu engine without relaxed SIMD gives every op's reference within float32", async (t) => {
  const checks = await parityChecks(await openCpu({ threads: 2, relaxedSimd: false }), ops);
  for (const [name, check] of checks) await t.step(name, check);
});

Deno.test("cpu engine gives the same bits with one thread, two and three", async (t) => {
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

Deno.test("cpu engine keeps activations and their slopes right far from 0", async () => {
  await checkFarOut(await openCpu({ threads: 1 }));
});
