/** Tests the byte-pair encoding of the lesson on tokenizers. */
import { strictEqual } from "node:assert/strict";
import { mergePair, pairCounts } from "../../../../pipelines/lesson/tokenizer/plain_bpe.ts";

Deno.test("pairCounts() and mergePair() agree with minbpe: the first pair wins a tie, and three equal ids merge as two and one", () => {
  const [first] = pairCounts([1, 2, 3, 1, 2, 3]);
  strictEqual(`${first.left} ${first.right} ${first.count}`, "1 2 2");
  strictEqual(mergePair([5, 5, 5, 6], { left: 5, right: 5, count: 2 }, 256).join(), "256,5,6");
  strictEqual(pairCounts([1]).length, 0);
});
