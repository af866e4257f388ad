/**
 * How text is cut into chunks before byte-pair merging: GPT-2's, GPT-4's and GPT-4o's patterns as JavaScript expressions.
 *
 * JavaScript differs from the engines that the patterns were written for: it has no possessive quantifiers (the
 * greedy forms match the same here, for what follows can never match what was taken), and its \s takes U+FEFF and
 * leaves out U+0085, so \p{White_Space} stands for it. Source: openai/gpt-2 encoder.py, openai/tiktoken
 * openai_public.py, karpathy/minbpe regex.py.
 *
 * @module
 */

import { excerpt } from "../../format/text/excerpt.ts";
import { o200kChunkEnd } from "./o200k_scanner.ts";
import { gpt2ChunkEnd, gpt4ChunkEnd, widthAt } from "./scanners.ts";

/** A pattern by name, or the source of a regular expression. */
export type Pattern = "gpt2" | "gpt4" | "o200k" | "none" | (string & Record<never, never>);

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

/** The o200k pattern (GPT-4o), as tiktoken spells it, and without `(?i:)`. */
export const O200K_SPELLINGS: readonly string[] = [
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
  "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])?",
].map((contraction) =>
  [
    String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+${contraction}`,
    String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*${contraction}`,
    String.raw`\p{N}{1,3}`,
    String.raw` ?[^\s\p{L}\p{N}]+[\r\n/]*`,
    String.raw`\s*[\r\n]+`,
    String.raw`\s+(?!\S)`,
    String.raw`\s+`,
  ].join("|")
);

const SPELLINGS: Readonly<Record<string, readonly string[]>> = {
  none: [""],
  gpt2: GPT2_SPELLINGS,
  gpt4: GPT4_SPELLINGS,
  o200k: O200K_SPELLINGS,
};

/** The name of a pattern where it is a known one in any spelling; "" is `none`; else the source itself. */
export function patternName(source: string): Pattern {
  for (const [name, spellings] of Object.entries(SPELLINGS)) {
    if (source === name || spellings.includes(source)) return name;
  }
  return source;
}

/** A pattern as minbpe writes it: "" for none. */
export function patternSource(pattern: Pattern): string {
  const name = patternName(pattern);
  return Object.hasOwn(SPELLINGS, name) ? SPELLINGS[name][0] : name;
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
      `Cannot read the split pattern ${source}: ${String(cause)}: expected gpt2, gpt4, o200k, none ` +
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
    case "o200k":
      return o200kChunkEnd;
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
