/** Tests the lesson on Bengio's net in short runs. */
import { deepStrictEqual, match, ok } from "node:assert/strict";
import makemoreMlp from "../../../../pipelines/makemore_mlp.ts";
import { largerNetOverfits, learnsByHeart } from "../../../../pipelines/lesson/mlp/mlp_claims.ts";
import { isVowel } from "../../../../pipelines/lesson/mlp/mlp_training.ts";
import { runLesson } from "../run_lesson.ts";

Deno.test("makemore-mlp and its solutions run on the names that install with the program", async () => {
  const values = { steps: 500 };
  for (const solution of [undefined, "E01", "E03"]) {
    const { outcomes, text } = await runLesson(makemoreMlp, { values, ...(solution && { solution }) });
    ok(!outcomes.some((outcome) => outcome.endsWith(": differs")), outcomes.join("\n"));
    match(text, /not\s+compared,\s+because\s+of\s+other\s+data/);
  }
});

Deno.test("isVowel() knows vowels that are capitals or have accents", () => {
  deepStrictEqual([..."aEéÜøİy'ж李"].filter(isVowel), [..."aEéÜøİ"]);
});

Deno.test("learnsByHeart compares with the lowest possible loss", () => {
  const net = { weights: 3481, examples: 32, lowest: .25 };
  deepStrictEqual([.25, .349, .5].map((loss) => learnsByHeart.holds({ ...net, loss })), [true, true, false]);
  match(learnsByHeart.no({ ...net, loss: .5 }), /its loss is still 0\.2500 above the lowest possible\.$/);
});

Deno.test("largerNetOverfits tells a dev loss below the train loss from one above it", () => {
  match(
    largerNetOverfits.yes({ value: -.01, other: .2 }),
    /The dev loss is 0\.2000 above the train loss; for the smaller net it is 0\.0100 below it\./,
  );
});
