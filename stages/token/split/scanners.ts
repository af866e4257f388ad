/**
 * GPT-2's and GPT-4's patterns as scanners, which find the end of a chunk without a regular expression.
 *
 * @module
 */

const OTHER = 1, LETTER = 2, NUMBER = 3, SPACE = 4;
// Class of each code point, determined at its first use and 0 until then. Parts of the array that are never
// written take no physical memory.
const classes = new Uint8Array(0x110000);

/** Finds a code point's class and stores it. */
function classify(codePoint: number): number {
  const char = String.fromCodePoint(codePoint);
  return classes[codePoint] = /\p{L}/u.test(char)
    ? LETTER
    : /\p{N}/u.test(char)
    ? NUMBER
    : /\p{White_Space}/u.test(char)
    ? SPACE
    : OTHER;
}

/** Returns the class of the code point at `index`, which must be inside the text. */
function classAt(text: string, index: number): number {
  const unit = text.charCodeAt(index);
  const codePoint = (unit & 0xFC00) === 0xD800 ? text.codePointAt(index) ?? unit : unit;
  return classes[codePoint] || classify(codePoint);
}

/** Returns the length in UTF-16 units of the code point at `index`. */
export function widthAt(text: string, index: number): number {
  const high = (text.charCodeAt(index) & 0xFC00) === 0xD800;
  return high && (text.charCodeAt(index + 1) & 0xFC00) === 0xDC00 ? 2 : 1;
}

/** Returns the end of the run of code points of class `kind` that begins at `start`. */
function runEnd(text: string, start: number, kind: number): number {
  let i = start;
  while (i < text.length && classAt(text, i) === kind) i += widthAt(text, i);
  return i;
}

/**
 * Returns the end of the contraction ('s 't 'm 'd 'll 've 're) whose apostrophe is at `start`, or 0 if there
 * is none.
 */
export function contractionEnd(text: string, start: number, anyCase: boolean): number {
  const fold = (index: number): number => {
    const unit = text.charCodeAt(index); // at the end of the text NaN, which equals no letter
    if (!anyCase) return unit;
    if (unit === 0x17F) return 0x73; // ſ equals `s` if case is ignored
    return unit >= 0x41 && unit <= 0x5A ? unit + 32 : unit;
  };
  const first = fold(start + 1);
  if (first === 0x73 || first === 0x64 || first === 0x6D || first === 0x74) return start + 2; // s d m t
  const second = fold(start + 2);
  if (first === 0x6C && second === 0x6C) return start + 3; // ll
  if ((first === 0x76 || first === 0x72) && second === 0x65) return start + 3; // ve re
  return 0;
}

/**
 * Returns the end of the chunk that begins a run of white space from `start` to `end`. At the end of the text
 * the chunk is the whole run; elsewhere the last character of the run belongs to the next chunk.
 */
export function spaceEnd(text: string, start: number, end: number): number {
  return end === text.length || end === start + 1 ? end : end - 1;
}

/** GPT-2's pattern as a scanner. */
export function gpt2ChunkEnd(text: string, start: number): number {
  const unit = text.charCodeAt(start);
  if (unit === 0x27) {
    const end = contractionEnd(text, start, false);
    if (end > 0) return end;
  }
  const kind = classAt(text, start);
  if (kind !== SPACE) return runEnd(text, start, kind);
  if (unit === 0x20 && start + 1 < text.length) {
    const next = classAt(text, start + 1);
    if (next !== SPACE) return runEnd(text, start + 1, next);
  }
  return spaceEnd(text, start, runEnd(text, start, SPACE));
}

/** GPT-4's pattern as a scanner. */
export function gpt4ChunkEnd(text: string, start: number): number {
  const unit = text.charCodeAt(start);
  if (unit === 0x27) {
    const end = contractionEnd(text, start, true);
    if (end > 0) return end;
  }
  const kind = classAt(text, start);
  if (kind === LETTER) return runEnd(text, start, LETTER);
  if (kind === NUMBER) {
    let end = start;
    for (let digits = 0; digits < 3 && end < text.length && classAt(text, end) === NUMBER; digits++) {
      end += widthAt(text, end);
    }
    return end;
  }
  const next = start + widthAt(text, start);
  if (unit !== 0x0A && unit !== 0x0D && next < text.length && classAt(text, next) === LETTER) {
    return runEnd(text, next, LETTER);
  }
  const symbols = kind === OTHER ? start : unit === 0x20 ? next : text.length;
  if (symbols < text.length && classAt(text, symbols) === OTHER) {
    let end = runEnd(text, symbols, OTHER);
    while (isNewline(text.charCodeAt(end))) end++;
    return end;
  }
  const end = runEnd(text, start, SPACE);
  for (let i = end; i > start; i--) if (isNewline(text.charCodeAt(i - 1))) return i;
  return spaceEnd(text, start, end);
}

/** Returns whether a code unit is a line feed or a carriage return. */
export function isNewline(unit: number): boolean {
  return unit === 0x0A || unit === 0x0D;
}
