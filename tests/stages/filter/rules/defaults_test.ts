/**
 * Tests the defaults of the rules for text just below, at and just above their values.
 *
 * @module
 */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { c4, c4Defaults } from "../../../../stages/filter/rules/c4.ts";
import { finewebQuality, finewebQualityDefaults } from "../../../../stages/filter/rules/fineweb_quality.ts";
import { gopherQuality, gopherQualityDefaults } from "../../../../stages/filter/rules/gopher_quality.ts";
import {
  gopherRepetition,
  gopherRepetitionDefaults,
} from "../../../../stages/filter/rules/gopher_repetition.ts";
import type { Stage } from "../../../../stages/flow/stage.ts";
import type { Document } from "../../../../stages/items.ts";
import { above, atThree, below, testDefaults } from "../default_checks.ts";
import { openFilter } from "../filter_checks.ts";

/** Splits at blanks and line ends, so that the tests count words as they write them. */
const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== "");
const plain = { words, sentences: (text: string) => text.split(". ") };
const times = (count: number, text: string): string => text.repeat(count);

/** A filter of Gopher's quality rules in which only the named defaults hold. */
function only(...names: readonly string[]): Stage<Document, Document> {
  const limits = Object.keys(gopherQualityDefaults).filter((name) => name !== "stopWords");
  const off = limits.filter((name) => !names.includes(name)).map((name) => [name, 0]);
  return gopherQuality({ ...Object.fromEntries(off), ...plain });
}

testDefaults("gopherQuality()", gopherQualityDefaults, {
  minWords: () =>
    atThree(only("minWords"), [49, 50, 51], {
      text: (n) => times(n, "word "),
      drops: below,
      reason: "gopher_short_doc",
    }),
  maxWords: () =>
    atThree(only("maxWords"), [99_999, 100_000, 100_001], {
      text: (n) => times(n, "a "),
      drops: above,
      reason: "gopher_long_doc",
    }),
  minMeanWord: () =>
    atThree(only("minMeanWord"), [299, 300, 301], { // letters of 100 words
      text: (letters) => `${times(99, "abc ")}${times(letters - 297, "x")}`,
      drops: below,
      reason: "gopher_below_avg_threshold",
    }),
  maxMeanWord: () =>
    atThree(only("maxMeanWord"), [999, 1000, 1001], { // letters of 100 words
      text: (letters) => `${times(99, "abcdefghij ")}${times(letters - 990, "x")}`,
      drops: above,
      reason: "gopher_above_avg_threshold",
    }),
  maxSymbolRatio: async () => {
    for (
      const [symbol, reason] of [["#", "hashes"], ["...", "ellipsis"], ["…", "ellipsis"]] as const
    ) {
      await atThree(only("maxSymbolRatio"), [9, 10, 11], { // of 100 words
        text: (n) => times(n, `a${symbol} `) + times(100 - n, "word "),
        drops: above,
        reason: `gopher_too_many_${reason}`,
      });
    }
  },
  maxBulletLines: async () => {
    for (const bullet of ["-", "•"]) {
      await atThree(only("maxBulletLines"), [89, 90, 91], {
        text: (n) => (times(n, `${bullet} line\n`) + times(100 - n, "a line\n")).trimEnd(),
        drops: above,
        reason: "gopher_too_many_bullets",
      });
    }
  },
  maxEllipsisLines: async () => {
    for (const ellipsis of ["...", "…"]) {
      await atThree(only("maxEllipsisLines"), [29, 30, 31], {
        text: (n) => (times(n, `a line${ellipsis}\n`) + times(100 - n, "a line\n")).trimEnd(),
        drops: above,
        reason: "gopher_too_many_end_ellipsis",
      });
    }
  },
  minAlphaWords: () =>
    atThree(only("minAlphaWords"), [79, 80, 81], {
      text: (n) => times(n, "word ") + times(100 - n, "12 "),
      drops: below,
      reason: "gopher_below_alpha_threshold",
    }),
  minStopWords: () =>
    atThree(only("minStopWords"), [1, 2, 3], {
      text: (n) => ["the", "with", "of"].slice(0, n).join(" "),
      drops: below,
      reason: "gopher_enough_stop_words",
    }),
  stopWords: async () => {
    const open = await openFilter(only("minStopWords"));
    const common = "a and as be for have he I in is it not of on that the this to was with you";
    const isStop = (word: string) => open(`${word} ${word === "the" ? "of" : "the"}`).reason === null;
    // The list of Rae et al. 2021, section A1.1.
    deepStrictEqual(words(common).filter(isStop), words("and be have of that the to with"));
  },
});

/** Distinct words of a length. */
const distinct = (count: number, length: number): string[] =>
  Array.from({ length: count }, (_, i) => i.toString(36).padStart(length, "_"));

/** A filter of Gopher's repetition rules in which only the named default holds. */
function onlyRepetition(name: keyof typeof gopherRepetitionDefaults): Stage<Document, Document> {
  const off = {
    dupParaFrac: 0,
    dupParaCharFrac: 0,
    dupLineFrac: 0,
    dupLineCharFrac: 0,
    topNGrams: [],
    dupNGrams: [],
  };
  const { [name]: _, ...rest } = off;
  return gopherRepetition({ ...rest, ...plain });
}

/** 100 elements, of which `n` repeat another one. */
const repeatedElements = (n: number, joint: string): string =>
  [...distinct(100 - n, 5), ...times(n, "____0 ").trim().split(" ")].join(joint);

/** 1000 characters in three elements, of which the second, of `n` characters, repeats the first. */
const repeatedCharacters = (n: number, joint: string): string =>
  [times(n, "a"), times(n, "a"), times(1000 - 2 * n - 2 * joint.length, "b")].join(joint);

testDefaults("gopherRepetition()", gopherRepetitionDefaults, {
  dupParaFrac: () =>
    atThree(onlyRepetition("dupParaFrac"), [29, 30, 31], {
      text: (n) => repeatedElements(n, "\n\n"),
      drops: above,
      reason: "dup_para_frac",
    }),
  dupParaCharFrac: () =>
    atThree(onlyRepetition("dupParaCharFrac"), [199, 200, 201], {
      text: (n) => repeatedCharacters(n, "\n\n"),
      drops: above,
      reason: "dup_para_char_frac",
    }),
  dupLineFrac: () =>
    atThree(onlyRepetition("dupLineFrac"), [29, 30, 31], {
      text: (n) => repeatedElements(n, "\n"),
      drops: above,
      reason: "dup_line_frac",
    }),
  dupLineCharFrac: () =>
    atThree(onlyRepetition("dupLineCharFrac"), [199, 200, 201], {
      text: (n) => repeatedCharacters(n, "\n"),
      drops: above,
      reason: "dup_line_char_frac",
    }),
  topNGrams: async () => {
    for (const [n, percent] of [[2, 20], [3, 18], [4, 16]] as const) {
      // The most frequent n-gram occurs twice in 10,000 characters, so its length grows by one character.
      const half = percent * 50;
      await atThree(onlyRepetition("topNGrams"), [half - 1, half, half + 1], {
        text: (characters) => repeatedWords(n, { characters, blanks: n - 1, size: 10_000 }),
        drops: above,
        reason: `top_${n}_gram`,
      });
    }
    // Table A1 of Rae et al. 2021 has no other lengths.
    deepStrictEqual(gopherRepetitionDefaults.topNGrams.map(([n]) => n), [2, 3, 4]);
  },
  dupNGrams: async () => {
    for (const [n, percent] of [[5, 15], [6, 14], [7, 13], [8, 12], [9, 11], [10, 10]] as const) {
      const limit = percent * 100;
      await atThree(onlyRepetition("dupNGrams"), [limit - 1, limit, limit + 1], {
        text: (characters) => repeatedWords(n, { characters, blanks: 0, size: 10_000 }),
        drops: above,
        reason: `duplicated_${n}_n_grams`,
      });
    }
    deepStrictEqual(gopherRepetitionDefaults.dupNGrams.map(([n]) => n), [5, 6, 7, 8, 9, 10]);
  },
});

/**
 * A text of `size` characters in which only one n-gram occurs twice; it has `characters` characters, of which
 * `blanks` are blanks.
 */
function repeatedWords(
  n: number,
  { characters, blanks, size }: {
    readonly characters: number;
    readonly blanks: number;
    readonly size: number;
  },
): string {
  const gram = [...distinct(n - 1, 4), times(characters - blanks - 4 * (n - 1), "z")].join(" ");
  const text = `${gram} middle ${gram} `;
  const rest = distinct(1500, 5).map((word) => `r${word}`).join(" ");
  return text + rest.slice(0, size - text.length - 1) + "x";
}

/** Five equal lines. */
const lines = (line: string): string => times(5, `${line}\n`).trimEnd();

testDefaults("c4()", c4Defaults, {
  minSentences: () =>
    atThree(c4(plain), [4, 5, 6], {
      text: (n) => times(n, "One more line here\n").trimEnd(),
      drops: below,
      reason: "too_few_sentences",
    }),
  minWordsPerLine: () =>
    atThree(c4(plain), [2, 3, 4], {
      text: (n) => lines(times(n, "word ")),
      drops: below,
      reason: "too_few_sentences",
    }),
  maxWordLength: () =>
    atThree(c4(plain), [999, 1000, 1001], {
      text: (n) => lines(`two words ${times(n, "a")}`),
      drops: above,
      reason: "too_few_sentences",
    }),
  terminalPunctuation: async () => {
    const open = await openFilter(c4(plain));
    for (const end of ["", ".", "..."]) strictEqual(open(lines(`a line of text${end}`)).reason, null, end);
  },
});

const line = (i: number, end: string): string => `${String(i).padStart(3, "0")} ${times(40, "x")}${end}`;
const long = (n: number, f: (i: number) => string): string =>
  Array.from({ length: n }, (_, i) => f(i)).join("\n");
const many = { ...plain, words: () => Array(1000).fill("word") }; // so that list_ratio never holds

testDefaults("finewebQuality()", finewebQualityDefaults, {
  minPunctuatedLines: () =>
    atThree(finewebQuality(many), [11, 12, 13], { // of 100 lines
      text: (n) => long(100, (i) => line(i, i < n ? "." : "")),
      drops: below,
      reason: "line_punct_ratio",
    }),
  maxShortLines: () =>
    atThree(finewebQuality(many), [66, 67, 68], { // of 100 lines
      text: (n) => long(100, (i) => i < n ? `${i}.` : line(i, ".")),
      drops: above,
      reason: "short_line_ratio",
    }),
  shortLine: () =>
    atThree(finewebQuality(many), [29, 30, 31], { // characters of each line
      text: (n) => long(10, (i) => `${i}${times(n - 2, "y")}.`),
      drops: [true, true, false],
      reason: "short_line_ratio",
    }),
  maxDuplicateCharacters: () =>
    atThree(finewebQuality(many), [49, 50, 51], { // of 5,000 characters
      text: (n) =>
        [times(n - 1, "a") + ".", times(n - 1, "a") + ".", times(5000 - 2 * n - 1, "b") + "."].join("\n"),
      drops: above,
      reason: "char_dup_ratio",
    }),
  maxLinesPerWord: () =>
    atThree(finewebQuality({ ...plain, words: () => Array(100).fill("word") }), [29, 30, 31], {
      text: (breaks) => long(breaks + 1, (i) => line(i, ".")),
      drops: above,
      reason: "list_ratio",
    }),
});
