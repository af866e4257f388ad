/**
 * The cases of datatrove's own filter tests, restated, and each rule at its bound.
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
  cases: readonly [text: string, wanted: string | null][],
) {
  const verdict = await openFilter(stage);
  for (const [text, wanted] of cases) equal(verdict(text).reason, wanted, text.slice(0, 60));
}

const gandalf =
  "All we have to decide is what to do with the time that is given us, and there are other forces at work here.";

Deno.test("gopherRepetition() finds repeated lines, paragraphs and n-grams", async () => {
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

Deno.test("gopherRepetition() lets a fraction at its bound pass", async () => {
  const unique = ["one", "two", "three", "four", "five", "six", "seven"];
  const options = { dupParaFrac: 0, dupParaCharFrac: 0, dupLineCharFrac: 0, topNGrams: [], dupNGrams: [] };
  await reasons(gopherRepetition(options), [
    [[...unique, "one", "two", "three"].join("\n"), null], // 3 of 10
    [[...unique, "one", "two", "three", "four"].join("\n"), "dup_line_frac"],
  ]);
});

Deno.test("gopherQuality() judges length, symbols, letters and stop words", async () => {
  await reasons(gopherQuality({ minWords: 10 }), [
    ["I am ".repeat(20), "gopher_below_avg_threshold"],
    ["interconnection ".repeat(20), "gopher_above_avg_threshold"],
    ["# comment ".repeat(20), "gopher_too_many_hashes"],
    ["... comment ".repeat(20), "gopher_too_many_ellipsis"],
    ["word one two", "gopher_short_doc"],
    ["... ".repeat(30) + "one two", "gopher_short_doc"], // symbols are no words
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

Deno.test("gopherQuality() asks for a letter in four words of five", async () => {
  const words = (numbers: number) => "the words of it have ".repeat(2) + "1234 ".repeat(numbers);
  await reasons(gopherQuality({ minWords: 5 }), [
    [words(2), null], // 10 of 12
    [words(2) + "5678", "gopher_below_alpha_threshold"], // 10 of 13
  ]);
});

Deno.test("gopherQuality() counts distinct stop words now, occurrences at the release", async () => {
  const text = "the quick brown foxes jumped over the lazy sleeping dogs again";
  await reasons(gopherQuality({ minWords: 5 }), [[text, "gopher_enough_stop_words"]]);
  await reasons(gopherQuality({ minWords: 5, recipe: "release" }), [[text, null]]);
});

Deno.test("c4() drops pages and lines, and rewrites the text", async () => {
  const five = "One is here now. Two is here. Three is here. Four is here. Five is here.";
  const verdict = await openFilter(c4());
  equal(verdict(five).reason, null);
  equal(verdict(five + " Lorem ipsum dolor sit.").reason, "lorem_ipsum");
  equal(verdict(five + " { and so on").reason, "curly_bracket");
  equal(verdict("One sentence only stands here.").reason, "too_few_sentences");
  equal(verdict("").reason, "too_few_sentences");
  equal(verdict(`${five}\nThis site uses cookies to work.`).doc.text, five);
  equal(
    verdict(`${five}\n\n Please enable JavaScript now {\nToo short\n And a last line. `).doc.text,
    `${five}\nAnd a last line.`,
  );
  equal(verdict(`${five} So it is said.[12][edit][citation needed]`).doc.text, `${five} So it is said.`);
  equal(verdict(`${five}\nthis has a ${"x".repeat(1001)} word`).doc.text, five);
  equal(
    verdict(`${five}\nthis has a ${"😀".repeat(1000)} word`).doc.text.length,
    five.length + 2 + 10 + 5 + 2000,
  );
});

Deno.test("c4() with terminalPunctuation keeps only lines that end in a mark", async () => {
  const five = "One is here now. Two is here. Three is here. Four is here. Five is here.";
  const verdict = await openFilter(c4({ terminalPunctuation: true }));
  equal(
    verdict(`${five}\nno mark at the end\nan ellipsis at the end...\n"So he said it."`).doc.text,
    `${five}\n"So he said it."`,
  );
});

Deno.test("finewebQuality() judges marks, short lines, repeats and lists", async () => {
  const line = "A line that is longer than thirty characters and ends in a mark.";
  const bare = "A line that is longer than thirty characters and ends in nothing";
  const list = Array.from({ length: 9 }, (_, i) => `${i} ${bare}`).join("\n");
  await reasons(finewebQuality(), [
    ["", "empty"],
    ["\n \n", "empty"],
    [line, null],
    [list, "line_punct_ratio"],
    [`${line}\n${list.replaceAll("A line", "Some lines")}`, "line_punct_ratio"], // 1 of 10
    ["Short it is.\nVery short.\nAlso short.", "short_line_ratio"],
    [`${line}\n${line}`, "char_dup_ratio"],
    [`${line}\n\n\n\n\n\n\n\n\n\n`, "list_ratio"],
    ["जय हिन्द यह एक लंबी पंक्ति है जो तीस अक्षरों से लंबी है।", null], // a mark of another script
  ]);
  await reasons(finewebQuality({ recipe: "release" }), [
    ["", "line_punct_ratio"],
    [line, null],
    [line.slice(0, -1) + '"', null], // quotes end a line too
    [`${line}${"\n".repeat(9)}`, "line_punct_ratio"], // blank lines count
  ]);
});

Deno.test("finewebQuality() differs between the generations exactly at a bound", async () => {
  const line = "A line that is longer than thirty characters and ends in a mark.";
  const bare = "one more that is longer than thirty characters and ends in none";
  const twelve = [
    ...Array(3).fill(0).map((_, i) => `${i} ${line}`),
    ...Array(22).fill(0).map((_, i) => `${i} ${bare}`),
  ];
  await reasons(finewebQuality(), [[twelve.join("\n"), null]]); // 3 of 25 = 0.12
  await reasons(finewebQuality({ recipe: "release" }), [[twelve.join("\n"), "line_punct_ratio"]]);
});
