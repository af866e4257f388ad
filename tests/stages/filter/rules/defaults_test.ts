/**
 * Tests the default of every filter just below, at and just above its value.
 *
 * @module
 */
import { strictEqual } from "node:assert/strict";
import { c4 } from "../../../../stages/filter/rules/c4.ts";
import { finewebQuality } from "../../../../stages/filter/rules/fineweb_quality.ts";
import { gopherQuality } from "../../../../stages/filter/rules/gopher_quality.ts";
import { gopherRepetition } from "../../../../stages/filter/rules/gopher_repetition.ts";
import type { Stage } from "../../../../stages/flow/stage.ts";
import type { Document } from "../../../../stages/items.ts";
import { openFilter } from "../filter_checks.ts";

/** Splits at blanks and line ends, so that the tests count words as they write them. */
const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== "");
const plain = { words, sentences: (text: string) => text.split(". ") };

/** Checks a filter at three values of what it measures: the reason for the text of each, or null. */
async function atThree(
  filter: Stage<Document, Document>,
  values: readonly [below: number, at: number, above: number],
  { text, drops, reason }: {
    readonly text: (value: number) => string;
    /** Which of the three texts are dropped. */
    readonly drops: readonly [boolean, boolean, boolean];
    readonly reason: string;
  },
): Promise<void> {
  const open = await openFilter(filter);
  for (const [i, value] of values.entries()) {
    strictEqual(open(text(value)).reason, drops[i] ? reason : null, `${reason} at ${value}`);
  }
}

const below = [true, false, false] as const, above = [false, false, true] as const;
const times = (count: number, text: string): string => text.repeat(count);

/** A filter of Gopher's quality rules in which only the named defaults hold. */
function only(...names: readonly string[]): Stage<Document, Document> {
  const off = {
    minWords: 0,
    maxWords: 0,
    minMeanWord: 0,
    maxMeanWord: 0,
    maxSymbolRatio: 0,
    maxBulletLines: 0,
    maxEllipsisLines: 0,
    minAlphaWords: 0,
    minStopWords: 0,
  };
  return gopherQuality({
    ...Object.fromEntries(Object.entries(off).filter(([name]) => !names.includes(name))),
    ...plain,
  });
}

Deno.test("gopherQuality(): numbers of words, of letters and of stop words at their defaults", async () => {
  await atThree(only("minWords"), [49, 50, 51], {
    text: (n) => times(n, "word "),
    drops: below,
    reason: "gopher_short_doc",
  });
  await atThree(only("maxWords"), [99_999, 100_000, 100_001], {
    text: (n) => times(n, "a "),
    drops: above,
    reason: "gopher_long_doc",
  });
  await atThree(only("minMeanWord"), [299, 300, 301], {
    text: (letters) => `${times(99, "abc ")}${times(letters - 297, "x")}`,
    drops: below,
    reason: "gopher_below_avg_threshold",
  });
  await atThree(only("maxMeanWord"), [999, 1000, 1001], {
    text: (letters) => `${times(99, "abcdefghij ")}${times(letters - 990, "x")}`,
    drops: above,
    reason: "gopher_above_avg_threshold",
  });
  await atThree(only("minAlphaWords"), [79, 80, 81], {
    text: (n) => times(n, "word ") + times(100 - n, "12 "),
    drops: below,
    reason: "gopher_below_alpha_threshold",
  });
  await atThree(only("minStopWords"), [1, 2, 3], {
    text: (n) => ["the", "with", "of"].slice(0, n).join(" "),
    drops: below,
    reason: "gopher_enough_stop_words",
  });
  for (const stop of ["the", "be", "to", "of", "and", "that", "have", "with"]) {
    const open = await openFilter(only("minStopWords"));
    strictEqual(open(`word ${stop} ${stop === "the" ? "of" : "the"}`).reason, null, stop);
  }
});

Deno.test("gopherQuality(): shares of symbols and of lines at their defaults", async () => {
  await atThree(only("maxSymbolRatio"), [9, 10, 11], {
    text: (n) => times(n, "#a ") + times(100 - n, "word "),
    drops: above,
    reason: "gopher_too_many_hashes",
  });
  for (const ellipsis of ["...", "…"]) {
    await atThree(only("maxSymbolRatio"), [9, 10, 11], {
      text: (n) => times(n, `a${ellipsis} `) + times(100 - n, "word "),
      drops: above,
      reason: "gopher_too_many_ellipsis",
    });
    await atThree(only("maxEllipsisLines"), [29, 30, 31], {
      text: (n) => (times(n, `a line${ellipsis}\n`) + times(100 - n, "a line\n")).trimEnd(),
      drops: above,
      reason: "gopher_too_many_end_ellipsis",
    });
  }
  for (const bullet of ["-", "•"]) {
    await atThree(only("maxBulletLines"), [89, 90, 91], {
      text: (n) => (times(n, `${bullet} line\n`) + times(100 - n, "a line\n")).trimEnd(),
      drops: above,
      reason: "gopher_too_many_bullets",
    });
  }
});

/** Distinct words of a length. */
const distinct = (count: number, length: number): string[] =>
  Array.from({ length: count }, (_, i) => i.toString(36).padStart(length, "_"));

Deno.test("gopherRepetition(): shares of repeated lines and paragraphs at their defaults", async () => {
  const off = {
    dupParaFrac: 0,
    dupParaCharFrac: 0,
    dupLineFrac: 0,
    dupLineCharFrac: 0,
    topNGrams: [],
    dupNGrams: [],
  };
  const without = (name: keyof typeof off): Stage<Document, Document> => {
    const { [name]: _, ...rest } = off;
    return gopherRepetition({ ...rest, ...plain });
  };
  for (
    const [name, joint, reason] of [["dupLineFrac", "\n", "dup_line_frac"], [
      "dupParaFrac",
      "\n\n",
      "dup_para_frac",
    ]] as const
  ) {
    await atThree(without(name), [29, 30, 31], {
      text: (n) => [...distinct(100 - n, 5), ...times(n, "____0 ").trim().split(" ")].join(joint),
      drops: above,
      reason,
    });
  }
  for (
    const [name, joint, reason] of [
      ["dupLineCharFrac", "\n", "dup_line_char_frac"],
      ["dupParaCharFrac", "\n\n", "dup_para_char_frac"],
    ] as const
  ) {
    // One of the two equal lines counts as repeated: `n` of 1000 characters.
    await atThree(without(name), [199, 200, 201], {
      text: (n) => [times(n, "a"), times(n, "a"), times(1000 - 2 * n - 2 * joint.length, "b")].join(joint),
      drops: above,
      reason,
    });
  }
});

Deno.test("gopherRepetition(): shares of frequent and of repeated n-grams at their defaults", async () => {
  const off = { dupParaFrac: 0, dupParaCharFrac: 0, dupLineFrac: 0, dupLineCharFrac: 0, ...plain };
  for (const [n, percent] of [[2, 20], [3, 18], [4, 16]] as const) {
    // The most frequent n-gram occurs twice in 10,000 characters, with blanks between its words.
    await atThree(gopherRepetition({ ...off, dupNGrams: [] }), [percent - 1, percent, percent + 1], {
      text: (value) => repeatedWords(n, { characters: value * 50, blanks: n - 1, size: 10_000 }),
      drops: above,
      reason: `top_${n}_gram`,
    });
  }
  for (const [n, percent] of [[5, 15], [6, 14], [7, 13], [8, 12], [9, 11], [10, 10]] as const) {
    await atThree(gopherRepetition({ ...off, topNGrams: [] }), [percent - 1, percent, percent + 1], {
      text: (value) => repeatedWords(n, { characters: value * 100, blanks: 0, size: 10_000 }),
      drops: above,
      reason: `duplicated_${n}_n_grams`,
    });
  }
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

Deno.test("c4(): numbers of sentences, words of a line and characters of a word at their defaults", async () => {
  await atThree(c4(plain), [4, 5, 6], {
    text: (n) => times(n, "One more line here\n").trimEnd(),
    drops: below,
    reason: "too_few_sentences",
  });
  await atThree(c4(plain), [2, 3, 4], {
    text: (n) => times(5, `${times(n, "word ")}\n`).trimEnd(),
    drops: below,
    reason: "too_few_sentences",
  });
  await atThree(c4(plain), [999, 1000, 1001], {
    text: (n) => times(5, `two words ${times(n, "a")}\n`).trimEnd(),
    drops: above,
    reason: "too_few_sentences",
  });
});

Deno.test("finewebQuality(): shares of lines and characters at their defaults", async () => {
  const line = (i: number, end: string): string => `${String(i).padStart(3, "0")} ${times(40, "x")}${end}`;
  const long = (n: number, f: (i: number) => string): string =>
    Array.from({ length: n }, (_, i) => f(i)).join("\n");
  const many = { ...plain, words: () => Array(1000).fill("word") }; // so that list_ratio never holds
  await atThree(finewebQuality(many), [11, 12, 13], {
    text: (n) => long(100, (i) => line(i, i < n ? "." : "")),
    drops: below,
    reason: "line_punct_ratio",
  });
  await atThree(finewebQuality(many), [66, 67, 68], {
    text: (n) => long(100, (i) => i < n ? `${i}.` : line(i, ".")),
    drops: above,
    reason: "short_line_ratio",
  });
  await atThree(finewebQuality(many), [-31, -30, -29], { // a short line has at most 30 characters
    text: (n) => long(10, (i) => `${i}${times(-n - 2, "y")}.`),
    drops: [false, true, true],
    reason: "short_line_ratio",
  });
  await atThree(finewebQuality(many), [49, 50, 51], { // of 5,000 characters
    text: (n) =>
      [times(n - 1, "a") + ".", times(n - 1, "a") + ".", times(5000 - 2 * n - 1, "b") + "."].join("\n"),
    drops: above,
    reason: "char_dup_ratio",
  });
  for (const [breaks, dropped] of [[29, false], [30, false], [31, true]] as const) {
    const open = await openFilter(finewebQuality({ ...plain, words: () => Array(100).fill("word") }));
    strictEqual(
      open(long(breaks + 1, (i) => line(i, "."))).reason,
      dropped ? "list_ratio" : null,
      `${breaks}`,
    );
  }
});
