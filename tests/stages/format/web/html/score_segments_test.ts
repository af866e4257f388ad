/**
 * Tests how segments are scored besides the sum of their features.
 *
 * @module
 */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { featuresOf } from "../../../../../stages/format/web/html/features.ts";
import { parsePage } from "../../../../../stages/format/web/html/parse_page.ts";
import { isProse, weightOf } from "../../../../../stages/format/web/html/prose.ts";
import { scoresOf, type SegmentModel } from "../../../../../stages/format/web/html/score_segments.ts";
import { segmentsOf } from "../../../../../stages/format/web/html/segments.ts";

const long = "The river flows slowly past the old harbour, where the boats lie until the morning comes.";

/** A model for which only the number of words counts: ten words have the score 0, each word is 1. */
const byWords: SegmentModel = {
  bias: 0,
  thresholds: { balanced: 0, precision: 0, recall: 0 },
  features: { words: [10, 1, 1] },
};

/** Returns the scores of a page's segments. */
function scores(html: string): number[] {
  const segments = segmentsOf(parsePage(`<!DOCTYPE html><body><div>${html}</div>`));
  return [...scoresOf(segments, featuresOf(segments, "").rows, byWords)];
}

Deno.test("scoresOf() raises what stands between two texts of one parent, but no links and no captions", () => {
  // The long text has 16 words, so a score of 5, of which 3 count for what stands between.
  deepStrictEqual(scores(`<p>${long}</p><p>Early.</p><p>${long}</p>`), [5, -5 + 1.5, 5]);
  deepStrictEqual(scores(`<p>${long}</p><h3>Early.</h3><p>${long}</p>`), [5, -5 + 1.5, 5]);
  for (
    const other of [
      "<p><a href=/>Early.</a></p>",
      '<p class="caption">Early.</p>',
      "<div><p>Early.</p></div>",
    ]
  ) {
    deepStrictEqual(scores(`<p>${long}</p>${other}<p>${long}</p>`), [5, -5, 5], other);
  }
  deepStrictEqual(scores(`<p>${long}</p><p>Early.</p><p>Late.</p>`), [5, -5, -5]);
  deepStrictEqual(scores(`<p>Early.</p><p>${long}</p>`), [-5, 5]);
});

Deno.test("weightOf() counts a character of a script without spaces as three, so isProse() holds in all scripts", () => {
  strictEqual(weightOf("river"), 5);
  strictEqual(weightOf("河水流"), 9);
  strictEqual(weightOf("แม่"), 9);
  for (
    const text of [
      long,
      "河水缓缓地流过旧码头，没有人在等，小船一直停到早晨才慢慢离开这里。",
      "川は古い港のそばをゆっくり流れ、朝まで小舟が並んでいて、誰も待っていない。",
    ]
  ) {
    const [segment] = segmentsOf(parsePage(`<p>${text}</p>`));
    strictEqual(isProse(segment), true, text);
  }
  strictEqual(isProse(segmentsOf(parsePage("<p>河水缓缓地流过旧码头</p>"))[0]), false);
});
