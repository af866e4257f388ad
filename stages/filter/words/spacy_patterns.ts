/**
 * spaCy's rules for English as regular expressions: prefixes, suffixes and infixes of a word.
 *
 * Source: spaCy's documentation of its tokenizer (spacy.io/usage/linguistic-features, "How spaCy's tokenizer
 * works") and its language data.
 *
 * @module
 */
import { alpha, icons, lower, marks, quotes, upper } from "./spacy_letters.ts";
import { isAddress } from "./spacy_url.ts";

const currency = "US\\$|C\\$|A\\$|[$£€¥฿₽﷼₴₠-₿]";
const units =
  "km[²³]?|[dcm]?m[²³]?|ha|µm|nm|yd|in|ft|[km]?g|µg|t|lb|oz|m/s|km/h|kmh|mph|hPa|Pa|mbar|[mkgt]b|[MKGT]B|" +
  "[TGMK%]|км[²³]?|[дсм]?м[²³]?|нм|[км]?г|м/с|км/ч|кПа|Па|мбар|[КМГТ]б|[КМГТ]Б|[кмг]б|тбكم|كم[²³]?|[سم]?م[²³]?|غرام|جرام|" +
  "جم|كغ|ملغ|كوب|اكواب";
/** Matches a prefix: a separate token at the beginning of a word. */
const prefix = new RegExp(
  `^(?:[§%=—–${marks}${quotes}]|\\+(?![0-9])|\\.\\.+|${currency}|${icons})`,
  "v",
);
const maxSuffixLength = 6; // length in UTF-16 units of the longest suffix except runs of dots
/**
 * Matches a suffix: a separate token at the end of a word. Runs of dots are suffixes too; `suffixLength`
 * finds them without this pattern.
 */
const suffix = new RegExp(
  `(?:……|[—–${marks}${quotes}]|${icons}|['’][sS]|(?<=[0-9])(?:\\+|${currency}|${units})|(?<=°[FfCcKk])\\.|` +
    `(?<=[[0-9%²\\-+\\|${marks}${quotes}]${lower}])\\.|(?<=[${upper}][${upper}])\\.)$`,
  "v",
);
/** Matches an infix: a separate token inside a word. */
const infix = new RegExp(
  `\\.\\.+|…|${icons}|(?<=[0-9])[+\\-*\\^](?=[0-9\\-])|(?<=[${lower}${quotes}])\\.(?=[${upper}${quotes}])|` +
    `(?<=[${alpha}]),(?=[${alpha}])|(?<=[${alpha}0-9])(?:---|--|——|[\\-–—~])(?=[${alpha}])|` +
    `(?<=[${alpha}0-9])[:<>=\\/](?=[${alpha}])`,
  "gv",
);

/** Returns the length of the prefix that a word begins with, in UTF-16 units, or 0 if there is none. */
export function prefixLength(word: string): number {
  return prefix.exec(word)?.[0].length ?? 0;
}

/** Returns the length of the suffix that a word ends with, in UTF-16 units, or 0 if there is none. */
export function suffixLength(word: string): number {
  let dots = 0;
  while (dots < word.length && word[word.length - 1 - dots] === ".") dots++;
  if (dots > 1) return dots;
  const tail = word.slice(-maxSuffixLength - 4); // with context for the look-behinds
  const found = suffix.exec(tail);
  return found === null ? 0 : found[0].length;
}

/** Returns whether a word contains an infix; the infix may be at the word's beginning. */
export function hasInfix(word: string): boolean {
  return word.search(infix) >= 0;
}

/**
 * Returns the tokens of a word without prefixes and suffixes: split at infixes, or whole if it is an address.
 */
export function splitInfixes(word: string): string[] {
  if (isAddress(word)) return [word];
  const parts: string[] = [];
  let start = 0;
  for (const { 0: { length }, index } of word.matchAll(infix)) {
    if (index === 0) continue; // an infix does not begin a word
    if (index > start) parts.push(word.slice(start, index));
    parts.push(word.slice(index, index + length));
    start = index + length;
  }
  if (start < word.length) parts.push(word.slice(start));
  return parts;
}
