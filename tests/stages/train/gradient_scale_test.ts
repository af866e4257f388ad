/**
 * Tests that loss scaling changes nothing but the size of the gradients in between.
 *
 * @module
 */
import { deepStrictEqual, ok, throws } from "node:assert/strict";
import { openCpu } from "../../../kernels/engine/cpu/cpu_engine.ts";
import { openModel } from "../../../stages/model/model_session.ts";
import { batch, planned, weights } from "./scaled_plan.ts";

Deno.test("gradientScale, a power of two, changes no loss, and norms and weights only by the epsilon of clipping", async () => {
  const run = async (gradientScale: number, clip: number) => {
    await using session = await openModel(await openCpu({ threads: 1 }), {
      plan: planned(gradientScale, clip),
      weights,
    });
    const results = [];
    for (let step = 0; step < 3; step++) {
      results.push(await session.step(batch, { learningRate: 1e-2, step }));
    }
    return { results, weights: await session.weights(), gradients: await session.gradients(batch) };
  };
  deepStrictEqual(await run(2 ** 20, 0), await run(1, 0)); // without clipping, equal to the last bit
  const [scaled, plain] = [await run(2 ** 20, 0.01), await run(1, 0.01)];
  for (const [name, { data }] of Object.entries(plain.weights)) {
    data.forEach((x, i) => ok(Math.abs(x - scaled.weights[name].data[i]) < 1e-5, `${name}: ${x}`));
  }
  for (const wrong of [0, -1, NaN, Infinity]) throws(() => planned(wrong), RangeError);
});
