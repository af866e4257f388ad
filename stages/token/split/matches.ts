/**
 * Finds the matches of a pattern of `tokenizer.json` in a text.
 *
 * @module
 */
import { namedChunkEnd, patternMachine, patternName } from "./patterns.ts";

/**
 * Yields start and end of each match of a pattern, from the left and without overlaps. An iteration must not
 * continue after a new one has begun.
 */
export type Matches = (text: string) => Iterable<readonly [start: number, end: number]>;

/**
 * Returns the function that finds the matches of a regular expression in Oniguruma's syntax, in linear time.
 * The patterns of GPT-2, GPT-4 and GPT-4o are recognized and matched by their scanners; they match all of a
 * text. Throws SyntaxError if the source is not a regular expression.
 */
export function regExpMatches(source: string): Matches {
  const scanner = source === "" || repeatsCounts(source) ? null : namedChunkEnd(patternName(source));
  if (scanner === null) {
    const machine = patternMachine(source, { possessiveCounts: false });
    return (text) => machine.matches(text);
  }
  return function* (text) {
    for (let start = 0; start < text.length;) {
      const end = scanner(text, start);
      yield [start, end];
      start = end;
    }
  };
}

/**
 * Returns whether a source has a count that is followed by `+`, such as `{1,3}+`. In Oniguruma, and so in
 * `tokenizer.json`, the count is repeated; elsewhere the quantifier is possessive.
 */
export function repeatsCounts(source: string): boolean {
  return /\{\d*,?\d*\}\+/.test(source);
}
