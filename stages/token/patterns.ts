/**
 * How text is cut into chunks before byte-pair merging: GPT-2's and GPT-4's patterns as JavaScript expressions.
 *
 * JavaScript differs from the engines that the patterns were written for: it has no possessive quantifiers (the
 * greedy forms match the same here, for what follows can never match what was taken), and its \s takes U+FEFF and
 * leaves out U+0085, so \p{White_Space} stands for it. Source: openai/gpt-2 encoder.py, openai/tiktoken
 * openai_public.py, karpathy/minbpe regex.py.
 *
 * @module
 */

import { excerpt } from "../format/excerpt.ts";

/** A pattern by name, or the source of a regular expression. */
export type Pattern = "gpt2" | "gpt4" | "none" | (string & Record<never, never>);

/** The chunk that begins at `start` ends before the returned index, which is greater than `start`. */
export type ChunkEnd = (text: string, start: number) => number;

/** GPT-2's pattern, as minbpe and Hugging Face spell it. */
export const GPT2_SPELLINGS: readonly string[] = [
  String.raw`'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`,
  String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`,
  String.raw`'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s`,
];

/** GPT-4's pattern, as minbpe, Hugging Face and tiktoken (now and earlier) spell it. */
export const GPT4_SPELLINGS: readonly string[] = [
  String
    .raw`'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+`,
  String
    .raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
  String
    .raw`'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s`,
  String
    .raw`(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
];

/** The name of a pattern where it is GPT-2's or GPT-4's in any spelling; "" is `none`; else the source itself. */
export function patternName(source: string): Pattern {
  if (source === "" || source === "none") return "none";
  if (source === "gpt2" || GPT2_SPELLINGS.includes(source)) return "gpt2";
  if (source === "gpt4" || GPT4_SPELLINGS.includes(source)) return "gpt4";
  return source;
}

/** A pattern as minbpe writes it: "" for none. */
export function patternSource(pattern: Pattern): string {
  const name = patternName(pattern);
  return name === "none"
    ? ""
    : name === "gpt2"
    ? GPT2_SPELLINGS[0]
    : name === "gpt4"
    ? GPT4_SPELLINGS[0]
    : name;
}

const LONGEST_SOURCE = 10_000;

/**
 * A pattern as a sticky-free, global JavaScript expression. Throws SyntaxError with the source if it is none.
 *
 * @example
 * ```ts
 * import { patternRegExp } from "./patterns.ts";
 * console.log("I'll go".match(patternRegExp("gpt2"))); // [ "I", "'ll", " go" ]
 * ```
 */
export function patternRegExp(pattern: Pattern): RegExp {
  const source = patternSource(pattern);
  if (source === "") return /[^]+/gu;
  if (source.length > LONGEST_SOURCE) {
    throw new SyntaxError(
      `Cannot read the split pattern ${excerpt(source)}: it has ${source.length} characters, ` +
        `expected at most ${LONGEST_SOURCE}`,
    );
  }
  try {
    return new RegExp(javaScriptSource(source), "gu");
  } catch (cause) {
    throw new SyntaxError(
      `Cannot read the split pattern ${source}: ${String(cause)}: expected gpt2, gpt4, none ` +
        `or a regular expression`,
      { cause },
    );
  }
}

/** Where chunks end. Text that a regular expression leaves out becomes chunks of its own, so nothing is lost. */
export function chunkEnd(pattern: Pattern): ChunkEnd {
  switch (patternName(pattern)) {
    case "none":
      return (text) => text.length;
    case "gpt2":
      return gpt2ChunkEnd;
    case "gpt4":
      return gpt4ChunkEnd;
    default:
      return regExpChunkEnd(patternRegExp(pattern));
  }
}

/** The chunks of a text, in order; joined they are the text. */
export function* chunks(text: string, pattern: Pattern): Generator<string> {
  const end = chunkEnd(pattern);
  for (let start = 0; start < text.length;) {
    const stop = end(text, start);
    yield text.slice(start, stop);
    start = stop;
  }
}

/** Chunk ends by a regular expression: slower than the scanners below, and their oracle. */
export function regExpChunkEnd(expression: RegExp): ChunkEnd {
  return (text, start) => {
    expression.lastIndex = start;
    for (let match = expression.exec(text); match !== null; match = expression.exec(text)) {
      if (match[0].length === 0) expression.lastIndex = match.index + widthAt(text, match.index); // an empty match
      else return match.index > start ? match.index : expression.lastIndex; // first what the pattern leaves out
    }
    return text.length;
  };
}

/** Greedy for possessive, \p{White_Space} for \s. */
function javaScriptSource(source: string): string {
  let out = "", inClass = false;
  for (let i = 0; i < source.length; i++) {
    const char = source[i];
    if (char === "\\") {
      const [escape] = /^\\(?:[pPu]\{[^}]*\}|[^]?)/.exec(source.slice(i)) ?? [char];
      out += escape === "\\s" ? "\\p{White_Space}" : escape === "\\S" ? "\\P{White_Space}" : escape;
      i += escape.length - 1;
      continue;
    }
    if (char === "[") inClass = true;
    else if (char === "]") inClass = false;
    out += char;
    if (!inClass && "?*+}".includes(char) && source[i + 1] === "+") i++;
  }
  return out;
}

const OTHER = 1, LETTER = 2, NUMBER = 3, SPACE = 4;
const classes = new Uint8Array(0x110000); // 0: not looked up yet; untouched pages of it take no memory

function lookUp(codePoint: number): number {
  const char = String.fromCodePoint(codePoint);
  return classes[codePoint] = /\p{L}/u.test(char)
    ? LETTER
    : /\p{N}/u.test(char)
    ? NUMBER
    : /\p{White_Space}/u.test(char)
    ? SPACE
    : OTHER;
}

/** The class of the code point at `index`, which must be inside the text. */
function classAt(text: string, index: number): number {
  const unit = text.charCodeAt(index);
  const codePoint = (unit & 0xFC00) === 0xD800 ? text.codePointAt(index) ?? unit : unit;
  return classes[codePoint] || lookUp(codePoint);
}

/** Code units of the code point at `index`. */
function widthAt(text: string, index: number): number {
  const high = (text.charCodeAt(index) & 0xFC00) === 0xD800;
  return high && (text.charCodeAt(index + 1) & 0xFC00) === 0xDC00 ? 2 : 1;
}

function runEnd(text: string, start: number, kind: number): number {
  let i = start;
  while (i < text.length && classAt(text, i) === kind) i += widthAt(text, i);
  return i;
}

/** End of 's 't 'm 'd 'll 've 're at the apostrophe at `start`, or 0. */
function contractionEnd(text: string, start: number, anyCase: boolean): number {
  const fold = (index: number): number => {
    const unit = text.charCodeAt(index); // NaN past the end: no comparison holds
    return anyCase && unit >= 0x41 && unit <= 0x5A ? unit + 32 : anyCase && unit === 0x17F ? 0x73 : unit; // long s
  };
  const first = fold(start + 1);
  if (first === 0x73 || first === 0x64 || first === 0x6D || first === 0x74) return start + 2; // s d m t
  const second = fold(start + 2);
  if (first === 0x6C && second === 0x6C) return start + 3; // ll
  if ((first === 0x76 || first === 0x72) && second === 0x65) return start + 3; // ve re
  return 0;
}

/** White space from `start`: all of it at the end of the text, else all but the last, which joins what follows. */
function spaceEnd(text: string, start: number, end: number): number {
  return end === text.length || end === start + 1 ? end : end - 1;
}

/** GPT-2's pattern as a scanner. */
function gpt2ChunkEnd(text: string, start: number): number {
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
function gpt4ChunkEnd(text: string, start: number): number {
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
  const marks = kind === OTHER ? start : unit === 0x20 ? next : text.length;
  if (marks < text.length && classAt(text, marks) === OTHER) {
    let end = runEnd(text, marks, OTHER);
    while (isNewline(text.charCodeAt(end))) end++;
    return end;
  }
  const end = runEnd(text, start, SPACE);
  for (let i = end; i > start; i--) if (isNewline(text.charCodeAt(i - 1))) return i; // up to the last line break
  return spaceEnd(text, start, end);
}

function isNewline(unit: number): boolean {
  return unit === 0x0A || unit === 0x0D;
}
