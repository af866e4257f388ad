import { ok, strictEqual } from "node:assert/strict";
import { InterpolatedNgrams } from "../../../pipelines/lesson/interpolated_ngrams.ts";
import { examplesOf, Letters } from "../../../pipelines/lesson/letters.ts";
import { Ngrams } from "../../../pipelines/lesson/ngrams.ts";

Deno.test("Ngrams and InterpolatedNgrams: probabilities add up to 1, and the loss is the mean of -log p", () => {
  const words = ["emma", "ava", "mia", "eve"], letters = new Letters(words);
  for (const context of [1, 2, 3]) {
    const counted = examplesOf(words, { letters, context });
    const others = examplesOf(["maeve", "ame"], { letters, context });
    const models = [new Ngrams(counted, letters.count), new InterpolatedNgrams(counted, letters.count)];
    for (const model of models) {
      let sum = 0;
      for (let i = 0; i < others.count; i++) {
        const before = Array.from(others.inputs.subarray(i * context, (i + 1) * context));
        const probabilities = model.probabilities(before, .5);
        ok(Math.abs(probabilities.reduce((a, b) => a + b) - 1) < 1e-12);
        sum -= Math.log(probabilities[others.targets[i]]);
      }
      ok(Math.abs(model.loss(others, .5) - sum / others.count) < 1e-12);
    }
  }
  const pairs = examplesOf(words, { letters, context: 1 });
  strictEqual(
    new Ngrams(pairs, letters.count).loss(examplesOf(["vm"], { letters, context: 1 }), 0),
    Infinity,
  );
});
