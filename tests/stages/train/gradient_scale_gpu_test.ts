/**
 * Tests that loss scaling keeps small gradients from being lost in 16-bit products.
 *
 * @module
 */
import { ok } from "node:assert/strict";
import { openWebgpu } from "../../../kernels/engine/webgpu/webgpu_engine.ts";
import { batch, planned, shape, weights } from "./scaled_plan.ts";

Deno.test("gradients of a step of 2^30 tokens survive 16-bit products on webgpu only with gradientScale", async () => {
  const weight = 2 ** -30, label = "wte.weight/grad";
  const norms = async (half: boolean, gradientScale: number) => {
    const { programs } = planned(gradientScale);
    await using session = await (await openWebgpu({ half })).open([programs[0]], weights);
    session.write({
      inputs: { shape, data: batch.inputs },
      targets: { shape, data: batch.targets },
      lossWeight: { shape: [1], data: Float32Array.of(weight) },
    });
    await session.run(["micro"]);
    const { data } = (await session.read([label]))[label];
    return Math.hypot(...data) / (gradientScale * weight);
  };
  const [full, lost, kept] = [await norms(false, 1), await norms(true, 1), await norms(true, 16 / weight)];
  ok(lost < 0.1 * full, `without it the norm is ${lost}, in f32 ${full}`);
  ok(Math.abs(kept - full) < 1e-2 * full, `with it the norm is ${kept}, in f32 ${full}`);
});
