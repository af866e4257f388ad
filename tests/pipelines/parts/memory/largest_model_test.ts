import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { largestModels, memoryBudgets } from "../../../../pipelines/parts/memory/largest_model.ts";
import { runsHere } from "../../in_process.ts";

const MIB = 2 ** 20;

Deno.test("largestModels() grows with memory, shrinks from use to use, and is 0 where nothing fits", () => {
  const sizes = (["training", "f32", "q8_0", "q4_0"] as const).map((use) =>
    largestModels(use, [1, 256 * MIB, 1024 * MIB])
  );
  for (const [none, small, large] of sizes) {
    strictEqual(none, 0);
    ok(small > 0 && large > small);
  }
  for (const [i, [, , large]] of sizes.entries()) ok(i === 0 || large > sizes[i - 1][2]);
  // Four bytes per parameter, and a part for the KV cache and activations.
  const [, , f32] = sizes[1];
  ok(4 * f32 < 1024 * MIB && 4 * f32 > 512 * MIB, `${f32}`);
});

Deno.test("--dry-run and --help all say the largest model, for inference and for training", async () => {
  strictEqual(memoryBudgets[0], 4 * 1024 * MIB);
  const table =
    /largest model by memory .*\n +parameters( +\d+ GiB){4}\n( +(trains|runs in \w+)( +[\d.]+[MG]){4}\n){4}/;
  const dry = "fineweb-gpt2 --preset tiny --device cpu --dry-run";
  for (const line of [dry, "train --help all", "sample --help all", "eval --help all"]) {
    match((await runsHere(0, line)).out, table, line);
  }
  deepStrictEqual(/largest model/.test((await runsHere(0, "sample --help")).out), false);
});
