import { ok, throws } from "node:assert/strict";
import { unigramLoss } from "../../../stages/evaluate/unigram.ts";

Deno.test("unigramLoss() is the cross entropy under the counts, with no token impossible", () => {
  const loss = unigramLoss(Uint32Array.of(0, 1), [1, 1]);
  ok(Math.abs(loss - Math.LN2) < 1e-12);
  ok(Number.isFinite(unigramLoss(Uint32Array.of(2), [5, 5, 0])));
  throws(() => unigramLoss(Uint32Array.of(3), [1, 1]), RangeError);
});
