/** Tests the lesson on Bengio's net in short runs. */
import { match, ok } from "node:assert/strict";
import makemoreMlp from "../../../../pipelines/makemore_mlp.ts";
import { runLesson } from "../run_lesson.ts";

Deno.test("makemore-mlp and its solutions run on the names that install with the program", async () => {
  const values = { steps: 500 };
  for (const solution of [undefined, "E01", "E03"]) {
    const { outcomes, text } = await runLesson(makemoreMlp, { values, ...(solution && { solution }) });
    ok(!outcomes.some((outcome) => outcome.endsWith(": differs")), outcomes.join("\n"));
    match(text, /not\s+compared,\s+because\s+of\s+other\s+data/);
  }
});
