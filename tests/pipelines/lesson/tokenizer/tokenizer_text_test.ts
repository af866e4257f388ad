/** Tests the lesson on tokenizers on texts in other scripts. */
import { deepStrictEqual, match, ok } from "node:assert/strict";
import { holdsTwoWords, spansWordEnd } from "../../../../pipelines/lesson/tokenizer/split.ts";
import { utf8IsShortest } from "../../../../pipelines/lesson/tokenizer/tokenizer_claims.ts";
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

const utf8 = new TextEncoder();

Deno.test("spansWordEnd() and holdsTwoWords() look at whole characters; marks and joiners belong to letters", () => {
  const found = (texts: readonly string[], of: (token: Uint8Array) => boolean) =>
    texts.filter((text) => of(utf8.encode(text)));
  const words = ["dog", " dog", "हिन्दी", " हिन्दी", "می\u200cخواهم", "王李", "❤\ufe0f", " ", ". "];
  deepStrictEqual(found(words, spansWordEnd), []);
  deepStrictEqual(found([...words, "dog.", "don't", "a "], holdsTwoWords), []);
  const ends = ["dog.", "dog ", ".dog", "हि.", "।हि", "王。", "❤\ufe0fa", "a b", "ि क."];
  deepStrictEqual(found(ends, spansWordEnd), ends);
  deepStrictEqual(found(["a b", "हि, हि", "王。李", "don't a"], holdsTwoWords).length, 4);
  // Characters that are cut at either end of a token: none of them is a character next to a letter.
  const cut = utf8.encode("王李张"), letters = [[1, 6], [0, 5], [2, 7], [1, 2], [1, 3], [0, 1], [0, 2]];
  for (const [from, to] of letters) {
    deepStrictEqual([spansWordEnd, holdsTwoWords].map((of) => of(cut.subarray(from, to))), [false, false]);
  }
  ok(
    spansWordEnd(utf8.encode("王。李").subarray(0, 7)),
    "the part of a character after them changes nothing",
  );
});

Deno.test("a text with as many bytes in UTF-8 as in UTF-16 is not said to have more", () => {
  const no = (utf8: number, utf16: number) => utf8IsShortest.no({ utf8, utf16, zeros: 0 });
  match(no(4, 4), /^The text has 4 bytes in UTF-8 and as many in UTF-16, of which 0 % are zeros\. But/);
  match(no(6, 4), /^The text has 6 bytes in UTF-8 and only 4 in UTF-16, of which 0 % are zeros: more of its/);
});
