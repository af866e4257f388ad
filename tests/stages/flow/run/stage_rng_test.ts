import { deepStrictEqual, ok, throws } from "node:assert/strict";
import { philox } from "../../../../kernels/random/philox.ts";
import { StageRng } from "../../../../stages/flow/run/stage_rng.ts";

Deno.test("StageRng.next() gives the words of the stage's Philox stream in order, as fractions of 2^32", () => {
  const words = [0, 1, 2].flatMap((block) => philox(7, "shuffle", block));
  const rng = new StageRng(7, "shuffle");
  deepStrictEqual(words.map(() => rng.next() * 2 ** 32), words);
  for (const drawn of words.keys()) {
    deepStrictEqual(
      new StageRng(7, "shuffle", drawn).next() * 2 ** 32,
      words[drawn],
      `resumed after ${drawn}`,
    );
  }
});

Deno.test("StageRng.integer() gives each number below its limit, and no other", () => {
  const rng = new StageRng(1, "dice"), seen = new Set<number>();
  for (let i = 0; i < 200; i++) seen.add(rng.integer(6));
  deepStrictEqual([...seen].sort(), [0, 1, 2, 3, 4, 5]);
  deepStrictEqual(rng.integer(1), 0);
  ok(rng.integer(2 ** 32) < 2 ** 32);
  for (const below of [0, 0.5, -1, NaN]) throws(() => rng.integer(below), RangeError);
});
