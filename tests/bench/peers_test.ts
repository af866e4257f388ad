/**
 * Tests the comparisons with npm packages: their benches are registered, all libraries compute the same
 * results, and a peer with different results is rejected. Times are not checked.
 *
 * @module
 */
import { match, ok, rejects, throws } from "node:assert/strict";
import { collect } from "../../bench/measure.ts";
import { compareKernel } from "../../bench/peers/kernel.ts";
import { type Comparison, expectSame } from "../../bench/peers/comparison.ts";
import { comparisons } from "../../bench/peers/comparisons.ts";
import { matmulKernel } from "../../bench/peers/kernels/matmul.ts";
import { compareStep } from "../../bench/peers/kernels/step.ts";
import { openCpu } from "../../kernels/engine/cpu/cpu_engine.ts";

// jax-js starts workers and has no way to end them.
const keepsWorkers = { sanitizeOps: false, sanitizeResources: false };

Deno.test("bench files of kernels register jax-js in a group with this project's engines", async () => {
  for (const name of ["matmul", "attention", "layer_norm", "cross_entropy", "adamw", "embedding", "step"]) {
    const benches = await collect(new URL(`../../bench/${name}_bench.ts`, import.meta.url));
    const peer = benches.find((bench) => bench.name.startsWith("jax-js"));
    ok(peer !== undefined, `${name} has no jax-js`);
    match(peer.name, /^jax-js [\d.]+ wasm, .*\d (GFLOP|MB|tokens)$/);
    ok(
      benches.some(({ group, baseline }) => baseline && group === peer.group),
      `${peer.group} has no baseline`,
    );
  }
});

Deno.test({
  name: "compareKernel() accepts jax-js's results, and refuses different ones",
  ...keepsWorkers,
  async fn() {
    const kernel = matmulKernel([3, 5, 4]);
    await expectAgreement(compareKernel(kernel));
    const wrong = compareKernel({
      ...kernel,
      jaxjs: ({ a, b }) => ({ c: kernel.jaxjs({ a, b }).c.mul(1.01) }),
    });
    await rejects(() => expectAgreement(wrong), /jax-js 0\.1\.25 wasm is wrong: c is .* at 0, wanted/);
  },
});

Deno.test({
  name: "compareStep() trains the same model in jax-js: the losses of three steps agree",
  ...keepsWorkers,
  async fn() {
    const size = { layers: 2, heads: 2, channels: 8, seqLen: 6, vocabSize: 11, vocabPad: 16, batch: 3 };
    await expectAgreement(compareStep({ name: "tiny", ...size }));
  },
});

Deno.test("expectSame() refuses a result that is missing, shorter, NaN or too different", () => {
  const wanted = { y: [100, 0.5] }, tolerance = 1e-3, who = "a peer";
  expectSame({ y: [100.05, 0.45] }, { wanted, tolerance, who });
  for (const y of [[100.2, 0.5], [100, NaN], [100], []]) {
    throws(() => expectSame({ y }, { wanted, tolerance, who }), /a peer is wrong: y /);
  }
  throws(() => expectSame({}, { wanted, tolerance, who }), /y has 0 elements, wanted 2/);
});

Deno.test("comparisons() lists the known names if one is unknown", () => {
  throws(() => comparisons({ only: ["conv"], sizes: [], steps: [] }), /Cannot compare conv: wanted matmul, /);
  throws(
    () => comparisons({ only: ["step"], sizes: [], steps: ["huge"] }),
    /Cannot train huge: wanted small, middle, llama-10M, 124M/,
  );
});

async function expectAgreement(comparison: Comparison): Promise<void> {
  await using ours = await comparison.ours(await openCpu({ threads: 1 }));
  await using peer = await comparison.jaxjs("wasm");
  const { tolerance } = comparison, wanted = await ours.results();
  expectSame(await peer.results(), { wanted, tolerance, who: peer.name });
  ok(await ours.measure(2) > 0 && await peer.measure(2) > 0);
}
