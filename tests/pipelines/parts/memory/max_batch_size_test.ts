/**
 * Tests that the largest batch sizes fit into memory by the planner's figures, and tests the printed table of
 * these sizes.
 *
 * @module
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { maxBatchSizes } from "../../../../pipelines/parts/memory/max_batch_size.ts";
import { maxBatchSizeLines } from "../../../../pipelines/parts/plan_lines.ts";
import { trainingPlan, type TrainingValues } from "../../../../pipelines/parts/training_plan.ts";
import { valuesOf } from "../../cli/values.ts";

const GIB = 2 ** 30;
const beginning = { vocabSize: 50257 };

function bytesOf(o: TrainingValues): number {
  return Object.values(trainingPlan(o, beginning).memory).reduce((a, b) => a + b, 0);
}

Deno.test("maxBatchSizes() finds a batch size that fits while twice as many sequences do not", () => {
  const o = valuesOf("--preset", "gpt2-124m");
  const { budgets, rows } = maxBatchSizes(o, beginning);
  deepStrictEqual(budgets, [4 * GIB, 8 * GIB, 16 * GIB, 24 * GIB]);
  deepStrictEqual(rows.map((row) => row.recompute), ["none", "gelu", "block"]);
  for (const { recompute, batchSizes } of rows) {
    batchSizes.forEach((batchSize, i) => {
      if (batchSize === null) {
        throw new Error(`GPT-2 124M does not fit ${budgets[i]} bytes with ${recompute}`);
      }
      ok(bytesOf({ ...o, recompute, batchSize }) <= budgets[i], `${recompute}: ${batchSize}`);
      ok(
        bytesOf({ ...o, recompute, batchSize: 2 * batchSize }) > budgets[i],
        `${recompute}: ${2 * batchSize}`,
      );
    });
  }
  const last = rows.map((row) => row.batchSizes.at(-1));
  ok(last[2]! >= 4 * last[0]!, `recomputing blocks takes ${last} sequences into 24 GiB`);
});

Deno.test("maxBatchSizes() gives null if weights, gradients and optimizer state alone do not fit", () => {
  // Weights, gradients and AdamW's two moments take 16 bytes per parameter: 12.4 GB.
  const { rows } = maxBatchSizes(valuesOf("--preset", "gpt2-774m"), beginning);
  for (const { batchSizes } of rows) {
    deepStrictEqual(batchSizes.slice(0, 2), [null, null]);
    ok(batchSizes[2] !== null && batchSizes[3] !== null);
  }
});

Deno.test("maxBatchSizes() considers only batch sizes that divide --total-batch-tokens", () => {
  const o = valuesOf("--preset", "gpt2-124m", "--total-batch-tokens", `${3 * 4 * 1024}`);
  const { rows } = maxBatchSizes({ ...o, batchSize: 1 }, beginning);
  ok(rows.every(({ batchSizes }) => Math.max(...batchSizes.map((n) => n ?? 0)) === 4));
});

Deno.test("maxBatchSizeLines() makes a table within 80 columns, with - if nothing fits", () => {
  const text = maxBatchSizeLines({
    budgets: [4, 8, 16, 24].map((n) => n * GIB),
    rows: [{ recompute: "none", batchSizes: [null, 1, 4096, 65536] }],
  }).join("\n");
  match(text, /--recompute {7}4 GiB {3}8 GiB {2}16 GiB {2}24 GiB\n {2}none {18}- {7}1 {4}4096 {3}65536/);
  strictEqual(text.split("\n").filter((line) => line.length > 78).length, 0);
});
