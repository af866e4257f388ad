import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { TorchRandom } from "../../../kernels/random/torch_random.ts";
import { drawNames } from "../../../pipelines/lesson/draw_names.ts";
import { Letters } from "../../../pipelines/lesson/letters.ts";

Deno.test("drawNames() ends a name at the mark, or at the length limit if the mark never comes", async () => {
  const letters = new Letters(["ab"]), random = new TorchRandom(1);
  const after = (before: readonly number[]): number[] =>
    [[0, 1, 0], [0, 0, 1], [1, 0, 0]][before.at(-1) ?? 0];
  deepStrictEqual(await drawNames(after, { letters, random, count: 2 }), ["ab.", "ab."]);
  deepStrictEqual(await drawNames(after, { letters, random, count: 1, exponentialRace: true }), ["ab."]);
  const [endless] = await drawNames(() => [0, 1, 0], { letters, random, count: 1 });
  strictEqual(endless.length, 60);
});
