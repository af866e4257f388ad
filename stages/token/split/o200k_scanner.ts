/**
 * The o200k pattern (GPT-4o) as a scanner.
 *
 * Its first two alternatives are words: at most one character that is neither letter, number nor line break; then
 * capitals and letters without case, then small letters and letters without case, where marks count as without case;
 * then a contraction. The first asks for a small letter or one without case at the end, which an expression finds by
 * going back, the second for one of the former.
 *
 * @module
 */
import { contractionEnd, isNewline, spaceEnd, widthAt } from "./scanners.ts";

const OTHER = 1, UPPER = 2, LOWER = 3, CASELESS = 4, MARK = 5, NUMBER = 6, SPACE = 7;
const classes = new Uint8Array(0x110000); // 0: not looked up yet; untouched pages of it take no memory

const EXPRESSIONS: readonly (readonly [RegExp, number])[] = [
  [/[\p{Lu}\p{Lt}]/u, UPPER],
  [/\p{Ll}/u, LOWER],
  [/\p{L}/u, CASELESS],
  [/\p{M}/u, MARK],
  [/\p{N}/u, NUMBER],
  [/\p{White_Space}/u, SPACE],
];

function lookUp(codePoint: number): number {
  const char = String.fromCodePoint(codePoint);
  return classes[codePoint] = EXPRESSIONS.find(([expression]) => expression.test(char))?.[1] ?? OTHER;
}

/** The class of the code point at `index`; 0 past the end. */
function classAt(text: string, index: number): number {
  if (index >= text.length) return 0;
  const unit = text.charCodeAt(index);
  const codePoint = (unit & 0xFC00) === 0xD800 ? text.codePointAt(index) ?? unit : unit;
  return classes[codePoint] || lookUp(codePoint);
}

/** The end of the chunk that begins at `start`. */
export function o200kChunkEnd(text: string, start: number): number {
  const unit = text.charCodeAt(start), kind = classAt(text, start);
  const next = start + widthAt(text, start);
  const letter = kind >= UPPER && kind <= CASELESS;
  if (letter) return contracted(text, wordEnd(text, start));
  if (kind !== NUMBER && !isNewline(unit)) {
    const after = classAt(text, next);
    if (after >= UPPER && after <= MARK) {
      const end = wordEnd(text, next);
      // Capitals alone after a mark: the first alternative takes the mark without them.
      return contracted(text, kind === MARK && allUpper(text, next, end) ? next : end);
    }
    if (kind === MARK) return contracted(text, next);
  }
  if (kind === NUMBER) return digitsEnd(text, start);
  const marks = unit === 0x20 ? next : start;
  if (isOther(classAt(text, marks))) {
    let end = marks;
    while (isOther(classAt(text, end))) end += widthAt(text, end);
    while (isNewline(text.charCodeAt(end)) || text.charCodeAt(end) === 0x2F) end++;
    return end;
  }
  let end = start;
  while (classAt(text, end) === SPACE) end++;
  for (let i = end; i > start; i--) if (isNewline(text.charCodeAt(i - 1))) return i; // up to the last line break
  return spaceEnd(text, start, end);
}

/** The end of a word that begins with a letter or mark at `start`. */
function wordEnd(text: string, start: number): number {
  let end = start, caseless = start; // caseless: behind the last letter without case
  for (let kind = classAt(text, end); kind === UPPER || kind === CASELESS || kind === MARK;) {
    end += widthAt(text, end);
    if (kind !== UPPER) caseless = end;
    kind = classAt(text, end);
  }
  if (classAt(text, end) !== LOWER) return caseless > start ? caseless : end;
  for (let kind = LOWER; kind === LOWER || kind === CASELESS || kind === MARK; kind = classAt(text, end)) {
    end += widthAt(text, end);
  }
  return end;
}

function allUpper(text: string, start: number, end: number): boolean {
  for (let i = start; i < end; i += widthAt(text, i)) if (classAt(text, i) !== UPPER) return false;
  return true;
}

function contracted(text: string, end: number): number {
  return text.charCodeAt(end) === 0x27 ? contractionEnd(text, end, true) || end : end;
}

function digitsEnd(text: string, start: number): number {
  let end = start;
  for (let digits = 0; digits < 3 && classAt(text, end) === NUMBER; digits++) end += widthAt(text, end);
  return end;
}

function isOther(kind: number): boolean {
  return kind === OTHER || kind === MARK;
}
