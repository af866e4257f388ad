/**
 * Sets of Unicode characters, and the grammar of a character of a set within a JSON string.
 *
 * @module
 */
import { bytes, choice, type Grammar, literal, sequence } from "../grammar.ts";

/** A set of code points: ranges that include both ends, in order, with gaps between them. */
export type CodePoints = readonly (readonly [first: number, last: number])[];

/** All characters: code points that are no surrogates. */
export const everyCharacter: CodePoints = [[0, 0xd7ff], [0xe000, 0x10ffff]];

/** Returns the characters of any of these ranges, which may overlap. */
export function union(ranges: Iterable<readonly [first: number, last: number]>): CodePoints {
  const joined: [number, number][] = [];
  for (const [first, last] of [...ranges].sort(([a], [b]) => a - b)) {
    const previous = joined.at(-1);
    if (previous !== undefined && first <= previous[1] + 1) previous[1] = Math.max(previous[1], last);
    else joined.push([first, last]);
  }
  return joined;
}

/** Returns the characters that are in both sets. */
export function intersection(a: CodePoints, b: CodePoints): CodePoints {
  return union(
    a.flatMap(([first, last]) =>
      b.map(([low, high]) => [Math.max(first, low), Math.min(last, high)] as const)
        .filter(([low, high]) => low <= high)
    ),
  );
}

/** Returns the characters that are not in a set. */
export function complement(set: CodePoints): CodePoints {
  const gaps: [number, number][] = [];
  let next = 0;
  for (const [first, last] of union(set)) {
    if (first > next) gaps.push([next, first - 1]);
    next = last + 1;
  }
  if (next <= 0x10ffff) gaps.push([next, 0x10ffff]);
  return intersection(gaps, everyCharacter);
}

/** Characters that a JSON string has in escaped form alone. */
const escaped: CodePoints = [[0, 0x1f], [0x22, 0x22], [0x5c, 0x5c]];

/** Returns the grammar of one character of a set, as a JSON string has it: in UTF-8, or escaped. */
export function characterGrammar(set: CodePoints): Grammar {
  const plain = intersection(set, complement(escaped)), others = intersection(set, escaped);
  return choice(
    ...plain.flatMap(([first, last]) => utf8(first, last)),
    ...others.flatMap(([first, last]) =>
      Array.from(
        { length: last - first + 1 },
        (_, i) => literal(JSON.stringify(String.fromCodePoint(first + i)).slice(1, -1)),
      )
    ),
  );
}

/** Last code points that UTF-8 writes with 1, 2, 3 and 4 bytes. */
const lasts = [0x7f, 0x7ff, 0xffff, 0x10ffff];

/** Returns grammars of the characters of a range in UTF-8, which together are all of them. */
function utf8(first: number, last: number): readonly Grammar[] {
  return lasts.flatMap((most, i) => {
    const low = Math.max(first, i === 0 ? 0 : lasts[i - 1] + 1), high = Math.min(last, most);
    return low > high ? [] : [between(encoded(low), encoded(high))];
  });
}

function encoded(point: number): readonly number[] {
  return [...new TextEncoder().encode(String.fromCodePoint(point))];
}

const continuation = bytes([0x80, 0xbf]);

/** Returns the grammar of the sequences from one to another of the same length, in the order of UTF-8. */
function between([first, ...after]: readonly number[], [last, ...until]: readonly number[]): Grammar {
  if (after.length === 0) return bytes([first, last]);
  if (first === last) return sequence(bytes([first, first]), between(after, until));
  const isWhole = [after.every((byte) => byte === 0x80), until.every((byte) => byte === 0xbf)];
  const parts: Grammar[] = [];
  const [low, high] = [isWhole[0] ? first : first + 1, isWhole[1] ? last : last - 1];
  if (!isWhole[0]) parts.push(sequence(bytes([first, first]), between(after, after.map(() => 0xbf))));
  if (low <= high) parts.push(sequence(bytes([low, high]), ...after.map(() => continuation)));
  if (!isWhole[1]) parts.push(sequence(bytes([last, last]), between(until.map(() => 0x80), until)));
  return choice(...parts);
}
