/**
 * The o200k pattern (GPT-4o) as a scanner, without a regular expression.
 *
 * The pattern's first two alternatives match words. A word is an optional leading character that is not a
 * letter, number or line break, then a group of uppercase or caseless letters, then a group of lowercase or
 * caseless letters, then an optional contraction; marks count as caseless letters. The first alternative
 * needs at least one letter in the second group and is found by backtracking over the first group; the second
 * alternative needs at least one letter in the first group.
 *
 * @module
 */
import { contractionEnd, isNewline, spaceEnd, widthAt } from "./scanners.ts";

const OTHER = 1, UPPER = 2, LOWER = 3, CASELESS = 4, MARK = 5, NUMBER = 6, SPACE = 7;
// Class of each code point, determined at its first use and 0 until then. Parts of the array that are never
// written take no physical memory.
const classes = new Uint8Array(0x110000);

const EXPRESSIONS: readonly (readonly [RegExp, number])[] = [
  [/[\p{Lu}\p{Lt}]/u, UPPER],
  [/\p{Ll}/u, LOWER],
  [/\p{L}/u, CASELESS],
  [/\p{M}/u, MARK],
  [/\p{N}/u, NUMBER],
  [/\p{White_Space}/u, SPACE],
];

/** Finds a code point's class and stores it. */
function classify(codePoint: number): number {
  const char = String.fromCodePoint(codePoint);
  return classes[codePoint] = EXPRESSIONS.find(([expression]) => expression.test(char))?.[1] ?? OTHER;
}

/** Returns the class of the code point at `index`, or 0 at the end of the text. */
function classAt(text: string, index: number): number {
  if (index >= text.length) return 0;
  const unit = text.charCodeAt(index);
  const codePoint = (unit & 0xFC00) === 0xD800 ? text.codePointAt(index) ?? unit : unit;
  return classes[codePoint] || classify(codePoint);
}

/** Returns the end of the chunk that begins at `start`. */
export function o200kChunkEnd(text: string, start: number): number {
  const unit = text.charCodeAt(start), kind = classAt(text, start);
  const next = start + widthAt(text, start);
  const letter = kind >= UPPER && kind <= CASELESS;
  if (letter) return contracted(text, wordEnd(text, start));
  if (kind !== NUMBER && !isNewline(unit)) {
    const after = classAt(text, next);
    if (after >= UPPER && after <= MARK) {
      const end = wordEnd(text, next);
      // If only uppercase letters follow a mark, the first alternative matches the mark alone.
      return contracted(text, kind === MARK && allUpper(text, next, end) ? next : end);
    }
    if (kind === MARK) return contracted(text, next);
  }
  if (kind === NUMBER) return digitsEnd(text, start);
  const symbols = unit === 0x20 ? next : start;
  if (isOther(classAt(text, symbols))) {
    let end = symbols;
    while (isOther(classAt(text, end))) end += widthAt(text, end);
    while (isNewline(text.charCodeAt(end)) || text.charCodeAt(end) === 0x2F) end++;
    return end;
  }
  let end = start;
  while (classAt(text, end) === SPACE) end++;
  for (let i = end; i > start; i--) if (isNewline(text.charCodeAt(i - 1))) return i;
  return spaceEnd(text, start, end);
}

/** Returns the end of a word that begins with a letter or mark at `start`. */
function wordEnd(text: string, start: number): number {
  let end = start, caselessEnd = start; // `caselessEnd`: index after the last caseless letter or mark
  for (let kind = classAt(text, end); kind === UPPER || kind === CASELESS || kind === MARK;) {
    end += widthAt(text, end);
    if (kind !== UPPER) caselessEnd = end;
    kind = classAt(text, end);
  }
  if (classAt(text, end) !== LOWER) return caselessEnd > start ? caselessEnd : end;
  for (let kind = LOWER; kind === LOWER || kind === CASELESS || kind === MARK; kind = classAt(text, end)) {
    end += widthAt(text, end);
  }
  return end;
}

function allUpper(text: string, start: number, end: number): boolean {
  for (let i = start; i < end; i += widthAt(text, i)) if (classAt(text, i) !== UPPER) return false;
  return true;
}

/** Returns the end of the contraction that begins at `end`, or `end` if there is none. */
function contracted(text: string, end: number): number {
  return text.charCodeAt(end) === 0x27 ? contractionEnd(text, end, true) || end : end;
}

/** Returns the end of a run of at most three digits. */
function digitsEnd(text: string, start: number): number {
  let end = start;
  for (let digits = 0; digits < 3 && classAt(text, end) === NUMBER; digits++) end += widthAt(text, end);
  return end;
}

/** Returns whether a class is none of letter, number and white space. */
function isOther(kind: number): boolean {
  return kind === OTHER || kind === MARK;
}
