/**
 * Tests the WGSL kernels of all ops, in two cases each, against the float64 reference. Any adapter will do;
 * `deno task test` provides a software adapter. `deno task test:gpu` runs all cases.
 *
 * @module
 */
import { strictEqual } from "node:assert/strict";
import { leastLimits } from "../../../kernels/core/gpu.ts";
import { openWebgpu } from "../../../kernels/engine/webgpu/webgpu_engine.ts";
import { ops } from "../../../kernels/ops/list.ts";
import { compareFarFromZero, compareOps } from "../../../kernels/parity/parity.ts";
import { expectNone, paritySteps } from "./parity_steps.ts";

Deno.test("webgpu engine matches the reference of every op for two of its cases, and gives the same bits again", async (t) => {
  const chosen = ops.map((op) => ({ ...op, cases: op.cases.filter((c) => c.bench !== true).slice(0, 2) }));
  await paritySteps(t, await compareOps(await openWebgpu(), chosen));
});

Deno.test("webgpu engine with the least limits has them on its device, and matches the reference of some ops", async (t) => {
  const engine = await openWebgpu({ limits: leastLimits });
  {
    await using session = await engine.open([], {});
    for (const [name, limit] of Object.entries(leastLimits)) {
      strictEqual(Reflect.get(session.device.limits, name), limit, name);
    }
  }
  // Ops with the most bindings, the largest workgroups, and the most workgroup memory.
  const chosen = ops.filter(({ name }) =>
    ["adamw", "layer_norm_param_grad", "scatter_add", "matmul"].includes(name)
  );
  await paritySteps(t, await compareOps(engine, chosen));
});

Deno.test("webgpu engine computes activations and their derivatives correctly far from 0", async () => {
  expectNone(await compareFarFromZero(await openWebgpu()));
});
