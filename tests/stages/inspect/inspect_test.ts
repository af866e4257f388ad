/**
 * Tests the inspection of a model: its statistics are compared with the values that they describe.
 *
 * @module
 */
import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { normals } from "../../../kernels/random/philox.ts";
import { openCpu } from "../../../kernels/engine/cpu/cpu_engine.ts";
import { asSource } from "../../../stages/flow/as_source.ts";
import type { InspectEvent } from "../../../stages/flow/events.ts";
import { from } from "../../../stages/flow/flow.ts";
import { inspect } from "../../../stages/inspect/inspect.ts";
import { plan } from "../../../stages/model/plan.ts";
import { batchAt, inspectionTest, model, training } from "./inspection.ts";
import { principalAxes } from "../../../stages/inspect/principal_axes.ts";
import { train } from "../../../stages/train/train.ts";
import { histogramOf, normOf, valueStats } from "../../../stages/inspect/value_stats.ts";

Deno.test("valueStats() gives moments, saturation and a histogram of all values", () => {
  const { mean, std, min, max, saturated, dead, histogram } = valueStats([0, 1, 1, -2], { bins: 3 });
  deepStrictEqual([mean, min, max, saturated, dead], [0, -2, 1, 0.75, 0.25]);
  ok(Math.abs(std - Math.sqrt(1.5)) < 1e-15);
  deepStrictEqual(histogram, { from: -2, to: 1, counts: [1, 0, 3] });
  deepStrictEqual(histogramOf([-9, 0.4, 0.6, 9], { range: [0, 1], bins: 2 }).counts, [2, 2]);
  deepStrictEqual(valueStats([3, 3], { bins: 2 }).histogram.counts, [2, 0]);
  const many = normals(1, "x", 100_000), found = valueStats(many);
  ok(Math.abs(found.mean) < 0.01 && Math.abs(found.std - 1) < 0.01);
  strictEqual(found.histogram.counts.reduce((a, b) => a + b), 100_000);
  throws(() => valueStats([]), RangeError);
});

Deno.test("principalAxes() finds the plane that contains the rows", () => {
  const [u, v] = [[0.6, 0, 0.8], [0, 1, 0]];
  const rows = [[5, 1], [-5, -1], [4, -1], [-4, 1]].map(([a, b]) => u.map((x, c) => 7 + a * x + b * v[c]));
  const points = principalAxes(rows);
  const distance = (a: ArrayLike<number>, b: ArrayLike<number>) => normOf(Array.from(a, (x, i) => x - b[i]));
  for (const i of rows.keys()) {
    for (const j of rows.keys()) {
      ok(Math.abs(distance(rows[i], rows[j]) - distance(points[i], points[j])) < 1e-6, `${i} ${j}`);
    }
  }
  deepStrictEqual(principalAxes([[1, 2], [3, 4]]), [[1, 2], [3, 4]]);
  deepStrictEqual(principalAxes([[1, 1, 1], [1, 1, 1]]), [[0, 0], [0, 0]]);
});

inspectionTest("the CPU", () => openCpu({ threads: 2 }));

Deno.test("inspect() runs every N updates and after the last, and measures how much updates change the weights", async () => {
  const events: InspectEvent[] = [];
  const weights: Float32Array[] = [];
  const flow = from(asSource("batches", () => Array.from({ length: 9 }, (_, i) => batchAt(i))))
    .pipe(
      train({
        engine: await openCpu({ threads: 1 }),
        plan: plan({ model, training }),
        steps: 7,
        schedule: () => 1e-2,
      }),
    )
    .pipe({
      name: "weights",
      open: () => null,
      async *push(update) {
        const { data } = (await update.model.weights())["wte.weight"];
        weights.push(Float32Array.from(data));
        yield update;
      },
    })
    .pipe(inspect({ every: 3, embedding: { name: "wte.weight", label: (row) => `<${row}>` } }));
  await flow.run({ seed: 1, onEvent: (event) => event.type === "inspect" && events.push(event) });
  deepStrictEqual(events.map(({ step }) => step), [3, 6, 7]);
  for (const { step, parameters, embedding, activations } of events) {
    const { updateRatio, std, norm, gradient } = parameters.find(({ name }) => name === "wte.weight")!;
    const [after, before] = [weights[step - 1], weights[step - 2]];
    const change = valueStats(after.map((x, i) => x - before[i])).std / valueStats(before).std;
    // Step 7 is not a multiple of 3, so the weights before it were not read.
    if (step === 7) strictEqual(updateRatio, undefined);
    else ok(Math.abs(updateRatio! - change) < 1e-6, `${updateRatio} ${change}`);
    ok(
      Math.abs(std - valueStats(after).std) < 1e-6 && Math.abs(norm - normOf(after)) < 1e-6 &&
        gradient.norm > 0,
    );
    ok(embedding!.length > 10 && embedding!.every(({ label }) => /^<\d+>$/.test(label)));
    ok(activations.length === 8 && activations.every(({ gradient }) => gradient!.norm > 0));
  }
});
