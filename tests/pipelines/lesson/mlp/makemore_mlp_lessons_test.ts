/** Tests that the lesson on Bengio's net reproduces the lecture's values. */
import { deepStrictEqual, match, ok } from "node:assert/strict";
import makemoreMlp from "../../../../pipelines/makemore_mlp.ts";
import { sharedTest } from "../../../shared_data.ts";
import { runLesson } from "../run_lesson.ts";

sharedTest(
  "makemore-mlp reproduces the lecture's values, except those that need --full",
  ["text/names.txt"],
  async (path) => {
    const source = path("text/names.txt"), values = { steps: 3000 };
    const { outcomes, text } = await runLesson(makemoreMlp, { source, values });
    deepStrictEqual(outcomes.filter((outcome) => outcome.endsWith(": same")).length, 6, outcomes.join("\n"));
    deepStrictEqual(
      outcomes.filter((outcome) => outcome.endsWith(": not compared")).map((outcome) =>
        outcome.split(": ")[0]
      ),
      ["loss, train", "loss, dev"],
    );
    match(text, /not compared, because of a shortened run/);
    const dev = Number(/vectors of 10, 200 neurons +[\d.]+ +([\d.]+)/.exec(text)?.[1]);
    ok(dev > 2.3 && dev < 3, `dev ${dev}`); // 2.87 after 3,000 steps
    const scaled = await runLesson(makemoreMlp, { source, values, solution: "E02" });
    deepStrictEqual(scaled.outcomes.map((outcome) => outcome.split(": ").at(-1)), ["same", "same"]);
  },
);
