/**
 * Encodes a text of which some spans are trained on.
 *
 * @module
 */
import type { Tokenizer } from "../../token/tokenizer.ts";

/** Part of a text: from index `start` to before `end`, in UTF-16 units. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Token ids and the weight of each. */
export interface MaskedIds {
  readonly ids: Uint32Array;
  readonly weights: Float32Array;
}

const utf8 = new TextEncoder();

/**
 * A character that splits the text of a special token so that it stays text; it is removed before encoding.
 */
export interface Guard {
  /** The character, which the text has nowhere else. */
  readonly guard: string;
}

/**
 * Encodes a text in which special tokens are read as such. A token that overlaps one of the spans has weight
 * 1, all others 0; the spans are in order and do not overlap. Where the tokenizer changes the text, so that
 * tokens have no places in it, the text is encoded in pieces that end where a span begins or ends.
 */
export function encodeMasked(
  tokenizer: Tokenizer,
  text: string,
  { spans, guard }: Guard & { readonly spans: readonly Span[] },
): MaskedIds {
  const ids: number[] = [], weights: number[] = [];
  const isInside = ({ start, end }: Span): boolean =>
    spans.some((span) => span.start < end && start < span.end);
  let at = 0;
  for (const piece of split(tokenizer, text)) {
    const place = { start: at, end: at + piece.text.length };
    at = place.end;
    if (piece.id !== null) {
      ids.push(piece.id);
      weights.push(Number(isInside(place)));
      continue;
    }
    for (const { tokens, inside } of encodePiece(tokenizer, piece.text, { place, spans, guard })) {
      for (const [i, id] of tokens.entries()) {
        ids.push(id);
        weights.push(Number(inside[i]));
      }
    }
  }
  return { ids: Uint32Array.from(ids), weights: Float32Array.from(weights) };
}

/** Encodes plain text, which begins and ends at `place` of the whole text. */
function* encodePiece(
  tokenizer: Tokenizer,
  text: string,
  { place, spans, guard }: Guard & { readonly place: Span; readonly spans: readonly Span[] },
): Generator<{ readonly tokens: Uint32Array; readonly inside: readonly boolean[] }> {
  const bare = (from: number, to?: number) => text.slice(from, to).replaceAll(guard, "");
  const bytesBefore = (index: number) =>
    utf8.encode(bare(0, Math.max(0, Math.min(text.length, index - place.start)))).length;
  const inBytes = spans.filter(({ start, end }) => start < place.end && place.start < end)
    .map(({ start, end }) => ({ start: bytesBefore(start), end: bytesBefore(end) }));
  const whole = bare(0), tokens = tokenizer.encodeOrdinary(whole);
  if (inBytes.length === 0) return yield { tokens, inside: Array<boolean>(tokens.length).fill(false) };
  const offsets = tokenizer.byteOffsets(tokens);
  if (offsets[tokens.length] === utf8.encode(whole).length) {
    const inside = Array.from(
      tokens,
      (_, i) => inBytes.some(({ start, end }) => start < offsets[i + 1] && offsets[i] < end),
    );
    return yield { tokens, inside };
  }
  const cuts = [
    ...new Set(
      [place.start, ...spans.flatMap(({ start, end }) => [start, end]), place.end]
        .filter((index) => index >= place.start && index <= place.end),
    ),
  ].sort((a, b) => a - b);
  for (const [i, start] of cuts.slice(0, -1).entries()) {
    const part = tokenizer.encodeOrdinary(bare(start - place.start, cuts[i + 1] - place.start));
    const isIn = spans.some((span) => span.start <= start && start < span.end);
    yield { tokens: part, inside: Array<boolean>(part.length).fill(isIn) };
  }
}

/** Splits a text at its special tokens. */
function split(
  { special }: Pick<Tokenizer, "special">,
  text: string,
): readonly { readonly text: string; readonly id: number | null }[] {
  const names = [...special.keys()].sort((a, b) => b.length - a.length); // the longest first
  if (names.length === 0) return [{ text, id: null }];
  const source = names.map((name) => name.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")).join("|");
  return text.split(new RegExp(`(${source})`, "u")).filter((piece) => piece !== "")
    .map((piece) => ({ text: piece, id: special.get(piece) ?? null }));
}
