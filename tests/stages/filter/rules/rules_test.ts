/**
 * Tests the filters on the cases of datatrove's own filter tests, and each rule at its threshold.
 *
 * @module
 */
import { c4 } from "../../../../stages/filter/rules/c4.ts";
import { finewebQuality } from "../../../../stages/filter/rules/fineweb_quality.ts";
import { gopherQuality } from "../../../../stages/filter/rules/gopher_quality.ts";
import { gopherRepetition } from "../../../../stages/filter/rules/gopher_repetition.ts";
import type { Stage } from "../../../../stages/flow/stage.ts";
import type { Document } from "../../../../stages/items.ts";
import { equal, openFilter } from "../filter_checks.ts";

async function reasons(
  stage: Stage<Document, Document>,
  cases: readonly [text: string, expected: string | null][],
) {
  const filter = await openFilter(stage);
  for (const [text, expected] of cases) equal(filter(text).reason, expected, text.slice(0, 60));
}

const gandalf =
  "All we have to decide is what to do with the time that is given us, and there are other forces at work here.";

Deno.test("gopherRepetition() drops texts with repeated lines, paragraphs and n-grams", async () => {
  await reasons(gopherRepetition(), [
    ["I am your father.\n".repeat(4), "dup_line_frac"],
    ["I am your father.\n\n".repeat(4), "dup_para_frac"],
    [
      `One paragraph here.\n\nA second one.\n\nA third.\n\n${`${"x".repeat(30)}.\n\n`.repeat(2)}`,
      "dup_para_char_frac",
    ],
    [
      `One line here.\nA second one.\nA third.\nFourth line.\n${`${"x".repeat(40)}\n`.repeat(2)}`,
      "dup_line_char_frac",
    ],
    ["I am Frank, I am Frank, I am Frank", "top_2_gram"],
    ["I am Frank, you are Jhon. I am Frank. I am Frank you are Jhon", "top_3_gram"],
    ["I am a solo traveller ".repeat(4) + gandalf.repeat(3), "duplicated_5_n_grams"],
    [gandalf, null],
    ["", null],
    ["\n", "dup_line_frac"], // two empty lines
  ]);
});

Deno.test("gopherRepetition() keeps a text whose fraction equals the threshold", async () => {
  const unique = ["one", "two", "three", "four", "five", "six", "seven"];
  const options = { dupParaFrac: 0, dupParaCharFrac: 0, dupLineCharFrac: 0, topNGrams: [], dupNGrams: [] };
  await reasons(gopherRepetition(options), [
    [[...unique, "one", "two", "three"].join("\n"), null], // 3 of 10 lines
    [[...unique, "one", "two", "three", "four"].join("\n"), "dup_line_frac"],
  ]);
});

Deno.test("gopherQuality() checks length, symbols, letters and stop words", async () => {
  await reasons(gopherQuality({ minWords: 10 }), [
    ["I am ".repeat(20), "gopher_below_avg_threshold"],
    ["interconnection ".repeat(20), "gopher_above_avg_threshold"],
    ["# comment ".repeat(20), "gopher_too_many_hashes"],
    ["... comment ".repeat(20), "gopher_too_many_ellipsis"],
    ["word one two", "gopher_short_doc"],
    ["... ".repeat(30) + "one two", "gopher_short_doc"], // symbols do not count as words
    [gandalf, null],
    ["11:34 3:45 4:67 123 445 ".repeat(5) + "the of", "gopher_below_alpha_threshold"],
    ["some words without any common little helpers appear here again", "gopher_enough_stop_words"],
    ["• the list of things\n".repeat(10), "gopher_too_many_bullets"],
    ["- the list of things\n".repeat(10), "gopher_too_many_bullets"],
    ["the list of many more things goes on and on...\n".repeat(5), "gopher_too_many_end_ellipsis"],
  ]);
  await reasons(gopherQuality({ maxWords: 60 }), [["the words of it ".repeat(16), "gopher_long_doc"]]);
  await reasons(gopherQuality(), [["word ".repeat(49), "gopher_short_doc"]]);
});

Deno.test("gopherQuality() requires a letter in at least four of five words", async () => {
  const words = (numbers: number) => "the words of it have ".repeat(2) + "1234 ".repeat(numbers);
  await reasons(gopherQuality({ minWords: 5 }), [
    [words(2), null], // 10 of 12 words have a letter
    [words(2) + "5678", "gopher_below_alpha_threshold"], // 10 of 13 words
  ]);
});

Deno.test("gopherQuality() counts distinct stop words, and with recipe release all occurrences", async () => {
  const text = "the quick brown foxes jumped over the lazy sleeping dogs again";
  await reasons(gopherQuality({ minWords: 5 }), [[text, "gopher_enough_stop_words"]]);
  await reasons(gopherQuality({ minWords: 5, recipe: "release" }), [[text, null]]);
});

Deno.test("c4() drops documents, removes lines and rewrites the text", async () => {
  const five = "One is here now. Two is here. Three is here. Four is here. Five is here.";
  const filter = await openFilter(c4());
  equal(filter(five).reason, null);
  equal(filter(five + " Lorem ipsum dolor sit.").reason, "lorem_ipsum");
  equal(filter(five + " { and so on").reason, "curly_bracket");
  equal(filter("One sentence only stands here.").reason, "too_few_sentences");
  equal(filter("").reason, "too_few_sentences");
  equal(filter(`${five}\nThis site uses cookies to work.`).doc.text, five);
  equal(
    filter(`${five}\n\n Please enable JavaScript now {\nToo short\n And a last line. `).doc.text,
    `${five}\nAnd a last line.`,
  );
  equal(filter(`${five} So it is said.[12][edit][citation needed]`).doc.text, `${five} So it is said.`);
  equal(filter(`${five}\nthis has a ${"x".repeat(1001)} word`).doc.text, five);
  equal(
    filter(`${five}\nthis has a ${"😀".repeat(1000)} word`).doc.text.length,
    five.length + 2 + 10 + 5 + 2000,
  );
});

Deno.test("c4() with terminalPunctuation keeps only lines that end with a punctuation mark", async () => {
  const five = "One is here now. Two is here. Three is here. Four is here. Five is here.";
  const filter = await openFilter(c4({ terminalPunctuation: true }));
  equal(
    filter(`${five}\nno mark at the end\nan ellipsis at the end...\n"So he said it."`).doc.text,
    `${five}\n"So he said it."`,
  );
});

Deno.test("finewebQuality() checks final punctuation, short lines, repeated lines and lists", async () => {
  const line = "A line that is longer than thirty characters and ends in a mark.";
  const bare = "A line that is longer than thirty characters and ends in nothing";
  const list = Array.from({ length: 9 }, (_, i) => `${i} ${bare}`).join("\n");
  await reasons(finewebQuality(), [
    ["", "empty"],
    ["\n \n", "empty"],
    [line, null],
    [list, "line_punct_ratio"],
    [`${line}\n${list.replaceAll("A line", "Some lines")}`, "line_punct_ratio"], // 1 of 10 lines
    ["Short it is.\nVery short.\nAlso short.", "short_line_ratio"],
    [`${line}\n${line}`, "char_dup_ratio"],
    [`${line}\n\n\n\n\n\n\n\n\n\n`, "list_ratio"],
    ["जय हिन्द यह एक लंबी पंक्ति है जो तीस अक्षरों से लंबी है।", null], // ends with a mark of another script
  ]);
  await reasons(finewebQuality({ recipe: "release" }), [
    ["", "line_punct_ratio"],
    [line, null],
    [line.slice(0, -1) + '"', null], // a quotation mark may end a line
    [`${line}${"\n".repeat(9)}`, "line_punct_ratio"], // blank lines count
  ]);
});

Deno.test("finewebQuality() differs between the two recipes exactly at a threshold", async () => {
  const line = "A line that is longer than thirty characters and ends in a mark.";
  const bare = "one more that is longer than thirty characters and ends in none";
  const twelve = [
    ...Array(3).fill(0).map((_, i) => `${i} ${line}`),
    ...Array(22).fill(0).map((_, i) => `${i} ${bare}`),
  ];
  await reasons(finewebQuality(), [[twelve.join("\n"), null]]); // 3 of 25 lines = 0.12
  await reasons(finewebQuality({ recipe: "release" }), [[twelve.join("\n"), "line_punct_ratio"]]);
});
