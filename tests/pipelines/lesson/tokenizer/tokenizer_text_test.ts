/** Tests the lesson on tokenizers on a text in another script. */
import { deepStrictEqual, ok } from "node:assert/strict";
import tokenizerLesson from "../../../../pipelines/tokenizer_lesson.ts";
import { withFolder } from "../../../temporary.ts";
import { chineseText } from "../other_data.ts";
import { runLesson } from "../run_lesson.ts";

Deno.test("tokenizer-lesson on a Chinese text says that UTF-8 is not the shortest there", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/a.txt`, chineseText(200));
    const { items, outcomes } = await runLesson(tokenizerLesson, {
      source: `${folder}/a.txt`,
      values: { vocabSize: 300 },
    });
    deepStrictEqual(outcomes.filter((outcome) => outcome.endsWith(": differs")), []);
    const claims = items.filter((item) => item.kind === "claim");
    ok(claims.some(({ name, holds }) => name === "UTF-8 is shorter than UTF-16" && !holds));
  }));
