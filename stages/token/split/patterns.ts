/**
 * The patterns of GPT-2, GPT-4 and GPT-4o, which split text into chunks before byte-pair merging, as
 * JavaScript regular expressions.
 *
 * JavaScript differs from the engines for which the patterns were written. It has no possessive quantifiers;
 * greedy ones match the same text here, because the rest of a pattern never matches characters that a
 * quantifier took. JavaScript's \s matches U+FEFF and does not match U+0085, so \p{White_Space} replaces it.
 * Source: openai/gpt-2 encoder.py, openai/tiktoken openai_public.py, karpathy/minbpe regex.py.
 *
 * @module
 */
import { excerpt } from "../../format/text/excerpt.ts";
import { compileRegExp } from "../regexp/compile.ts";
import { Machine } from "../regexp/machine.ts";
import { parseRegExp } from "../regexp/parse.ts";
import { o200kChunkEnd } from "./o200k_scanner.ts";
import { gpt2ChunkEnd, gpt4ChunkEnd, widthAt } from "./scanners.ts";

/** The name of a pattern, or the source of a regular expression. */
export type Pattern = "gpt2" | "gpt4" | "o200k" | "none" | (string & Record<never, never>);

/** Returns the index after the last UTF-16 unit of the chunk that begins at `start`. */
export type ChunkEnd = (text: string, start: number) => number;

/** GPT-2's pattern as minbpe, Hugging Face and tiktoken write it. */
export const GPT2_SPELLINGS: readonly string[] = [
  String.raw`'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`,
  String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`,
  String.raw`'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s`,
];

/** GPT-4's pattern as minbpe, Hugging Face and tiktoken (current and earlier versions) write it. */
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

/** The o200k pattern (GPT-4o) as tiktoken writes it, and an equivalent without `(?i:)`. */
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

/**
 * Returns the name of the pattern that has this source as one of its spellings; "" is `none`. Other sources
 * are returned unchanged.
 */
export function patternName(source: string): Pattern {
  for (const [name, spellings] of Object.entries(SPELLINGS)) {
    if (source === name || spellings.includes(source)) return name;
  }
  return source;
}

/** Returns the source of a pattern as minbpe writes it, or "" for `none`. */
export function patternSource(pattern: Pattern): string {
  const name = patternName(pattern);
  return Object.hasOwn(SPELLINGS, name) ? SPELLINGS[name][0] : name;
}

const longestSource = 10_000; // characters; limits the cost of an expression from a hostile file

/**
 * Converts a pattern to a global JavaScript regular expression, which may take exponential time. Throws
 * SyntaxError if the source is not a regular expression.
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
  checkLength(source);
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

/**
 * Returns the function that splits text by a pattern. Text between two matches of an expression is a chunk
 * too. Throws SyntaxError if the source is not a regular expression.
 */
export function chunkEnd(pattern: Pattern): ChunkEnd {
  return namedChunkEnd(patternName(pattern)) ?? machineChunkEnd(patternMachine(pattern));
}

/** Returns the scanner of a named pattern, or null for a regular expression. */
export function namedChunkEnd(pattern: Pattern): ChunkEnd | null {
  switch (pattern) {
    case "none":
      return (text) => text.length;
    case "gpt2":
      return gpt2ChunkEnd;
    case "gpt4":
      return gpt4ChunkEnd;
    case "o200k":
      return o200kChunkEnd;
    default:
      return null;
  }
}

/**
 * Returns a machine that matches a regular expression in linear time. Throws SyntaxError with the expression
 * and the reason. `possessiveCounts`: see `ParseOptions`; default true, as in tiktoken and minbpe.
 */
export function patternMachine(source: string, { possessiveCounts = true } = {}): Machine {
  checkLength(source);
  try {
    return new Machine(compileRegExp(parseRegExp(source, { possessiveCounts })));
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new SyntaxError(
      `Cannot read the split pattern ${source}: ${cause.message}: expected gpt2, gpt4, o200k, none ` +
        `or a regular expression`,
      { cause },
    );
  }
}

/** Yields the chunks of a text in order; joined, they are the text. */
export function* chunks(text: string, pattern: Pattern): Generator<string> {
  const end = chunkEnd(pattern);
  for (let start = 0; start < text.length;) {
    const stop = end(text, start);
    yield text.slice(start, stop);
    start = stop;
  }
}

function checkLength(source: string): void {
  if (source.length <= longestSource) return;
  throw new SyntaxError(
    `Cannot read the split pattern ${excerpt(source)}: it has ${source.length} characters, ` +
      `expected at most ${longestSource}`,
  );
}

/** Finds chunk ends with a machine. The chunks of one text are asked for in order. */
function machineChunkEnd(machine: Machine): ChunkEnd {
  let last = "", next = 0; // the text that is being split, and where its next chunk begins
  let matches: ReturnType<Machine["matches"]> | null = null;
  let match: readonly [start: number, end: number] | undefined;
  return (text, start) => {
    if (matches === null || start !== next || start === 0 || text !== last) {
      last = text;
      matches = machine.matches(text, start);
      match = matches.next().value ?? undefined;
    }
    while (match !== undefined && match[1] <= start) match = matches.next().value ?? undefined;
    next = match === undefined ? text.length : match[0] > start ? match[0] : match[1];
    return next;
  };
}

/** Finds chunk ends with a regular expression. Slower than the scanners, which are tested against it. */
export function regExpChunkEnd(expression: RegExp): ChunkEnd {
  return (text, start) => {
    expression.lastIndex = start;
    for (let match = expression.exec(text); match !== null; match = expression.exec(text)) {
      if (match[0].length === 0) {
        expression.lastIndex = match.index + widthAt(text, match.index); // skips an empty match
      } else {
        return match.index > start ? match.index : expression.lastIndex; // text before the match is a chunk
      }
    }
    return text.length;
  };
}

/** Rewrites a source for JavaScript: possessive quantifiers become greedy, \s becomes \p{White_Space}. */
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
