/** The lesson on backpropagation holds its own figures against the lecture's; here they must be the same. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import makemoreBackprop from "../../../pipelines/makemore_backprop.ts";
import { meansOf } from "../../../pipelines/lesson/means.ts";
import { sharedTest } from "../../shared_data.ts";
import { runLesson } from "./run_lesson.ts";

sharedTest(
  "the solutions of makemore-backprop reach every figure of the lecture",
  ["text/names.txt"],
  async (path) => {
    const source = path("text/names.txt");
    const wanted = { E01: 2, E02: 2, E03: 1, E04: 1 };
    for (const [solution, checks] of Object.entries(wanted)) {
      const { verdicts, text } = await runLesson(makemoreBackprop, { source, solution });
      deepStrictEqual(verdicts.filter((verdict) => !verdict.endsWith(": same")), [], solution);
      strictEqual(verdicts.length, checks, solution);
      if (solution === "E01") match(text, /^ *C +27 × 10 +(yes|no) +yes +[0-9.]+e-1[5-9]$/m);
    }
  },
);

Deno.test("meansOf() gives stretches and their middles", () => {
  deepStrictEqual(meansOf([1, 3, 5, 7, 100], 2), { x: [1], y: [3] });
  deepStrictEqual(meansOf([1, 3, 5, 7], 2), { x: [.5, 2.5], y: [2, 6] });
});
