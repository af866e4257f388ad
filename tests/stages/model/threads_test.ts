/**
 * Tests that training on the CPU engine gives the same bits with any number of threads.
 *
 * @module
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { openCpu } from "../../../kernels/engine/cpu/cpu_engine.ts";
import { openModel } from "../../../stages/model/model_session.ts";
import { blasTest } from "../../blas.ts";
import { planOf } from "../train/golden_plan.ts";
import { weightFreeBatch, weightFreeModel } from "../train/golden_runs.ts";

/** Returns the losses and gradient norms of five steps. */
async function train(threads: number, blas: string): Promise<readonly number[]> {
  const batch = weightFreeBatch(), loaded = await weightFreeModel();
  const plan = planOf(loaded, { shape: batch.shape, beta2: 0.95, weightDecay: 0.1, clip: 1 });
  await using model = await openModel(await openCpu({ threads, blas }), { plan, weights: loaded.weights });
  const numbers: number[] = [];
  for (let step = 0; step < 5; step++) {
    const { loss, gradNorm } = await model.step(batch, { learningRate: 1e-3, step });
    numbers.push(loss, gradNorm);
  }
  return numbers;
}

Deno.test("cpu engine trains to the same bits on the calling thread and with 1, 2, 4, 8 and 16 threads", async () => {
  const one = await train(1, "off");
  for (const threads of [0, 2, 4, 8, 16]) {
    deepStrictEqual(await train(threads, "off"), one, `${threads} threads`);
  }
});

blasTest(
  "cpu engine with BLAS trains to the same losses within 1e-5, and to the same bits with the same threads",
  async () => {
    const one = await train(1, "off");
    for (const threads of [1, 2, 4, 8, 16]) {
      const numbers = await train(threads, "auto");
      numbers.forEach((x, i) =>
        ok(Math.abs(x - one[i]) <= 1e-5, `${threads} threads, number ${i}: ${x}, ${one[i]}`)
      );
      deepStrictEqual(await train(threads, "auto"), numbers, `${threads} threads`);
    }
  },
);
