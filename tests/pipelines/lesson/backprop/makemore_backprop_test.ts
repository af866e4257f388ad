/** Tests that the lesson on backpropagation reproduces the lecture's values. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import makemoreBackprop from "../../../../pipelines/makemore_backprop.ts";
import { sharedTest } from "../../../shared_data.ts";
import { batchesVary } from "../../../../pipelines/lesson/backprop/backprop_claims.ts";
import { claim } from "../../../../pipelines/lesson/claim.ts";
import { runLesson } from "../run_lesson.ts";
import { withFolder } from "../../program.ts";

sharedTest(
  "the gradients by hand and the short forms of makemore-backprop reproduce every value of the lecture",
  ["text/names.txt"],
  async (path) => {
    const source = path("text/names.txt");
    for (const [solution, checks] of Object.entries({ E01: 2, E02: 2, E03: 1, E04: 1 })) {
      const { outcomes, text } = await runLesson(makemoreBackprop, { source, solution });
      deepStrictEqual(outcomes.filter((outcome) => !outcome.endsWith(": same")), [], solution);
      strictEqual(outcomes.length, checks, solution);
      if (solution === "E01") match(text, /^ *C +27 × 10 +(yes|no) +yes +[0-9.]+e-1[5-9]$/m);
    }
  },
);

Deno.test("makemore-backprop runs on a few words and trains by hand", () =>
  withFolder(async (dir) => {
    const words = Array.from({ length: 400 }, (_, i) => "abcde"[i % 5] + "no"[i % 2] + "xyz"[i % 3]);
    await Deno.writeTextFile(`${dir}/words.txt`, words.join("\n"));
    const { outcomes, text } = await runLesson(makemoreBackprop, {
      source: `${dir}/words.txt`,
      values: { steps: 300 },
    });
    deepStrictEqual(outcomes.filter((outcome) => outcome.endsWith(": differs")), []);
    const loss = Number(/^loss, dev: ([0-9.]+)/m.exec(outcomes.join("\n"))?.[1]);
    // The lowest possible loss is `0.85 = (log 5 + log 2 + log 3) / 4`: each word has three letters, with 5,
    // 2 and 3 equally likely values, and then the end mark.
    ok(loss < 1.3, text);
  }));

Deno.test("batchesVary tells whether the mean loss still falls, rises or stays", () => {
  const text = (spread: number, change: number): string => {
    const item = claim(batchesVary, { spread, change });
    return item.kind === "claim" ? item.text : "";
  };
  match(text(.2, .1), /their mean changes by 0\.10: one batch says little/);
  match(text(.1, -.1), /their mean falls by 0\.10: the net still learns fast\.$/);
  match(text(.1, .3), /their mean rises by 0\.30: the net gets worse\.$/);
  match(text(0, 0), /their mean does not change\.$/);
});
