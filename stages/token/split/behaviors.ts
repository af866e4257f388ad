/**
 * What becomes of the matches of a pattern that splits a text.
 *
 * Source: huggingface/tokenizers, NormalizedString::split.
 *
 * @module
 */
import type { Matches } from "./matches.ts";

/** Names of the behaviours. */
export const splitBehaviors = [
  "Removed",
  "Isolated",
  "MergedWithPrevious",
  "MergedWithNext",
  "Contiguous",
] as const;

/** Name of a behaviour. */
export type SplitBehavior = typeof splitBehaviors[number];

/** A piece of a text, and whether it is a match. */
interface Piece {
  start: number;
  end: number;
  readonly match: boolean;
}

/**
 * Returns start and end of each piece into which a text is split. With `invert`, the text between matches
 * takes the place of the matches.
 */
export function splitRanges(
  text: string,
  { matches, behavior, invert }: {
    readonly matches: Matches;
    readonly behavior: SplitBehavior;
    readonly invert: boolean;
  },
): (readonly [start: number, end: number])[] {
  const pieces = piecesOf(text, matches, invert);
  switch (behavior) {
    case "Isolated":
      break;
    case "Removed":
      return ranges(pieces.filter(({ match }) => !match));
    case "Contiguous":
      return ranges(joined(pieces, (previous, piece) => previous === piece.match));
    case "MergedWithPrevious":
      return ranges(joined(pieces, (previous, piece) => piece.match && !previous));
    case "MergedWithNext":
      return ranges(
        joined(pieces.reverse(), (previous, piece) => piece.match && !previous).reverse(),
      );
    default: {
      const never: never = behavior;
      throw new TypeError(`Unknown behaviour ${never}`);
    }
  }
  return ranges(pieces);
}

function piecesOf(text: string, matches: Matches, invert: boolean): Piece[] {
  const pieces: Piece[] = [];
  let last = 0;
  for (const [start, end] of matches(text)) {
    if (last < start) pieces.push({ start: last, end: start, match: invert });
    pieces.push({ start, end, match: !invert });
    last = end;
  }
  if (last < text.length) pieces.push({ start: last, end: text.length, match: invert });
  return pieces;
}

/**
 * Joins a piece to the last one wherever `joins` says so. `joins` is given whether the piece before is a
 * match; at the beginning, it is none.
 */
function joined(pieces: readonly Piece[], joins: (previous: boolean, piece: Piece) => boolean): Piece[] {
  const out: Piece[] = [];
  let previous = false;
  for (const piece of pieces) {
    const last = out.at(-1);
    if (last !== undefined && joins(previous, piece)) {
      last.start = Math.min(last.start, piece.start);
      last.end = Math.max(last.end, piece.end);
    } else {
      out.push({ ...piece });
    }
    previous = piece.match;
  }
  return out;
}

function ranges(pieces: readonly Piece[]): [number, number][] {
  return pieces.filter(({ start, end }) => end > start).map(({ start, end }) => [start, end]);
}
