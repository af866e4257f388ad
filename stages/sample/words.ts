/**
 * The words of a text in any language: sequences of letters, in lower case.
 *
 * @module
 */

/** Letters and marks of scripts that put no spaces between words; Unicode finds their words by dictionary. */
const SPACELESS = String
  .raw`[[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}]&&[\p{L}\p{M}]]`;
const LETTER = String.raw`[\p{L}--${SPACELESS}]`;

/**
 * What may stand inside a word: an apostrophe, and the two joiners of Persian and Indian scripts, which have
 * no width. Typographic apostrophes have been replaced by then.
 */
const JOINER = String.raw`['\u200C\u200D]`;
const WORD = new RegExp(
  `(?<spaceless>${SPACELESS}+)|${LETTER}[${LETTER}\\p{M}]*(?:${JOINER}[${LETTER}\\p{M}]+)*`,
  "gv",
);

const segmenter = new Intl.Segmenter("en", { granularity: "word" }); // the same words in every locale

/**
 * Returns a text in the form in which words are compared: in lower case, with one form of the apostrophe and
 * of the Greek sigma, whose lower case depends on the letters around it.
 */
export function comparable(text: string): string {
  return text.toLowerCase().replaceAll("\u2019", "'").replaceAll("ς", "σ");
}

/** Returns the words of a comparable text, in order. */
export function wordsOf(text: string): string[] {
  const words: string[] = [];
  for (const { 0: match, groups } of text.matchAll(WORD)) {
    if (groups?.spaceless === undefined) words.push(match);
    else for (const { segment } of segmenter.segment(match)) words.push(segment);
  }
  return words;
}

/**
 * Returns whether no word contains this UTF-16 code unit, so that a text may be divided at it without
 * changing its words. A surrogate counts as part of a word, because it may be half of a letter.
 */
export function dividesWords(unit: number): boolean {
  if (unit < 128) return !isAsciiLetter(unit) && unit !== APOSTROPHE;
  return !PART_OF_WORD.test(String.fromCharCode(unit));
}

const APOSTROPHE = 39;
const PART_OF_WORD = /[\p{L}\p{M}\u200C\u200D\uD800-\uDFFF]/u;

/** Returns whether a UTF-16 code unit is one of the letters A to Z. */
export function isAsciiLetter(unit: number): boolean {
  const lower = unit | 32;
  return lower >= 97 && lower <= 122;
}
