/**
 * Tests that the CPU engine with a BLAS passes the parity cases of the WASM kernels, and which libraries it
 * accepts. Golden runs with a BLAS are in tests/stages/train/golden_test.ts.
 *
 * @module
 */
import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { findBlas } from "../../../../kernels/engine/cpu/blas.ts";
import { openCpu } from "../../../../kernels/engine/cpu/cpu_engine.ts";
import { attentionGradOp, attentionOp } from "../../../../kernels/ops/attention/attention.ts";
import { ops } from "../../../../kernels/ops/list.ts";
import { blasTest } from "../../../blas.ts";
import { compareCase, compareOps } from "../../../../kernels/parity/parity.ts";
import { runCases } from "../../../../kernels/parity/run_cases.ts";
import { expectNone, paritySteps } from "../../parity/parity_steps.ts";

/** Ops that use the BLAS. */
const products = ops.filter((op) => /^(matmul|affine|attention)/.test(op.name));

blasTest("cpu engine with BLAS matches the reference of every product to float32 precision", async (t) => {
  for (const threads of [1, 2, 3, 6]) {
    const messages = await compareOps(await openCpu({ threads, blas: "auto" }), products);
    await paritySteps(t, messages, `, ${threads} threads`);
  }
});

blasTest(
  "cpu engine with BLAS computes attention in blocks of queries with the same bits for any number of threads",
  async () => {
    for (
      const [shape, heads] of [[[2, 200, 3 * 24], 3], [[1, 64, 3 * 16], 1], [[1, 129, 3 * 64], 2]] as const
    ) {
      const forward = { inputs: [shape], attrs: { heads } };
      const [batch, time, width] = shape, out = [batch, time, width / 3];
      const backward = { inputs: [shape, out, [batch, heads, time], out], attrs: { heads } };
      const cases = [{ op: attentionOp, case: forward }, { op: attentionGradOp, case: backward }];
      const results = [];
      for (const threads of [1, 2, 5]) {
        const engine = await openCpu({ threads, blas: "auto" });
        for (const { op, case: c } of cases) expectNone(await compareCase(engine, op, { case: c, seed: 3 }));
        results.push(await runCases(engine, cases, { seed: 4, times: 1 }));
      }
      deepStrictEqual(results[1], results[0]);
      deepStrictEqual(results[2], results[0]);
    }
  },
);

blasTest("cpu engine names its BLAS in its description", async () => {
  match((await openCpu({ threads: 2, blas: "auto" })).device, /^WASM SIMD and .+, 2 threads$/);
  strictEqual((await openCpu({ threads: 2 })).device, "WASM SIMD, 2 threads");
});

Deno.test("findBlas() returns null for off, and refuses a path that cannot be opened", async () => {
  strictEqual(await findBlas("off"), null);
  await rejects(findBlas("/nowhere/libblas.so"), {
    name: "NotFound",
    message: /Cannot use BLAS \/nowhere\/libblas.so: .*--blas off/,
  });
});

Deno.test({
  name: "findBlas() without permission for FFI returns null for auto and refuses a path",
  permissions: { read: true, ffi: false },
  fn: async () => {
    strictEqual(await findBlas("auto"), null);
    await rejects(findBlas("libopenblas.so.0"), { name: "NotCapable", message: /deno task native/ });
  },
});

Deno.test({
  name: "findBlas() refuses a library that is not a BLAS",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const error = await findBlas("libc.so.6").catch((e: unknown) => e);
    ok(error instanceof Deno.errors.NotFound);
    deepStrictEqual(/cblas_sgemm/.test(error.message), true, error.message);
  },
});
