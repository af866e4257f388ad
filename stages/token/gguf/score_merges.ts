/**
 * Merges from the scores of a SentencePiece vocabulary, and scores from merges.
 *
 * SentencePiece merges the two neighbours whose joined text has the highest score. Byte-pair encoding does
 * the same with a list of all pairs that make a token, in order of the tokens' scores.
 * Source: transformers, `SentencePieceExtractor`.
 *
 * @module
 */

/** A token of a vocabulary and its score. */
export interface ScoredToken {
  readonly text: string;
  readonly id: number;
  readonly score: number;
}

/** Returns all pairs of tokens whose joined text is a token, the best tokens first. */
export function mergesOfScores(tokens: readonly ScoredToken[]): [left: string, right: string][] {
  const ids = new Map(tokens.map(({ text, id }) => [text, id]));
  const idOf = (text: string): number => ids.get(text) ?? 0;
  const sorted = tokens.toSorted((a, b) => b.score - a.score || a.id - b.id);
  return sorted.flatMap(({ text }) =>
    splitsOf(text, ids).sort(([a, b], [c, d]) => idOf(a) - idOf(c) || idOf(b) - idOf(d))
  );
}

/**
 * Returns the score of each token that merges make, keyed by text: minus the place of its first merge. Null
 * if scores cannot say what the merges do: if a pair that makes a token is missing, or pairs of one token
 * have others between them.
 */
export function scoresOfMerges(
  merges: readonly (readonly [left: string, right: string])[],
  vocab: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> | null {
  const scores = new Map<string, number>(), pairs = new Map<string, number>();
  let last: string | null = null;
  for (const [i, [left, right]] of merges.entries()) {
    const text = left + right;
    if (text !== last && scores.has(text)) return null;
    if (text !== last) scores.set(text, -i);
    pairs.set(text, (pairs.get(text) ?? 0) + 1);
    last = text;
  }
  for (const [text, count] of pairs) if (splitsOf(text, vocab).length !== count) return null;
  return scores;
}

/** Returns the ways to split a text into two tokens. */
function splitsOf(text: string, vocab: ReadonlyMap<string, number>): [string, string][] {
  const found: [string, string][] = [];
  let at = 0;
  for (const character of text) {
    at += character.length;
    const left = text.slice(0, at), right = text.slice(at);
    if (right !== "" && vocab.has(left) && vocab.has(right)) found.push([left, right]);
  }
  return found;
}
