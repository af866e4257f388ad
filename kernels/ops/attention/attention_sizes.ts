/**
 * Attributes and sizes that attention over whole sequences and attention to a KV cache share, and their
 * float64 scores.
 *
 * @module
 */
import { ShapeError } from "../../core/tensor.ts";

/** Which keys a query attends to, and how scores are computed. */
export interface AttentionForm {
  /** Number of query heads, H. */
  readonly heads: number;
  /**
   * Number of heads of keys and values, K: query head `h` uses head `floor(h·K/H)`, as in grouped-query
   * attention. H must be a multiple of K. Default H.
   */
  readonly keyHeads?: number;
  /**
   * Sliding window: number of keys that a query attends to, which are its own position's and those of the
   * positions just before it. Default: all keys up to the query's position.
   */
  readonly window?: number;
  /** Factor of the scores; default `1 / sqrt(D)`, where D is the number of channels per head. */
  readonly scale?: number;
  /** Replaces each scaled score `s` by `softCap · tanh(s / softCap)`, as Gemma 2 does. Default: no cap. */
  readonly softCap?: number;
}

/** Attributes of the attention ops. */
export interface AttentionAttrs extends AttentionForm {
  /**
   * Fraction of weights to drop, above 0 and below 1; the last two inputs are then key and draw. If absent,
   * there is no dropout.
   */
  readonly dropout?: number;
  /**
   * Whether the last input, `firstKeys` u32 [B, T], is the first position that each query attends to. If
   * absent, it is 0.
   */
  readonly segments?: boolean;
}

/** What attention computes for each head, with defaults filled in. */
export interface HeadSizes {
  /** Number of query heads, H. */
  readonly heads: number;
  /** Number of heads of keys and values, K. */
  readonly keyHeads: number;
  /** Number of channels per head, D. */
  readonly width: number;
  /** Number of channels of a row of `qkv`, `(H + 2K)·D`. */
  readonly row: number;
  /** Number of channels of all query heads and of the result, `H·D`. */
  readonly channels: number;
  /** Number of keys that a query attends to at most. */
  readonly window: number;
  /** Factor of the scores. */
  readonly scale: number;
  /** Bound of the scores; 0 for none. */
  readonly softCap: number;
}

/** Sizes of an attention call over whole sequences. */
export interface AttentionSizes extends HeadSizes {
  /** Number of sequences, B. */
  readonly batch: number;
  /** Number of positions per sequence, T. */
  readonly time: number;
}

/**
 * Returns the sizes of heads in rows of `row` channels. `time` is the longest sequence. Throws ShapeError
 * unless the row divides into H + 2K heads and H is a multiple of K, and RangeError for an attribute out of
 * range.
 */
export function headSizes(
  { heads, keyHeads = heads, window, scale, softCap = 0 }: AttentionForm,
  { row, time }: { readonly row: number; readonly time: number },
): HeadSizes {
  const width = row / (heads + 2 * keyHeads);
  if (!isCount(heads) || !isCount(keyHeads) || heads % keyHeads !== 0 || !Number.isInteger(width)) {
    throw new ShapeError(
      `Cannot attend with ${heads} heads of queries and ${keyHeads} of keys to ${row} channels of queries, keys ` +
        `and values: the heads of queries must be a multiple of those of keys, and the channels a multiple of ` +
        `${heads + 2 * keyHeads}, the number of all heads`,
    );
  }
  if (window !== undefined && !isCount(window)) {
    throw new RangeError(`Cannot attend with window ${window}: wanted a whole number above 0`);
  }
  if (!(softCap >= 0 && softCap < Infinity)) {
    throw new RangeError(`Cannot attend with softCap ${softCap}: wanted a number above 0, or 0 for no cap`);
  }
  return {
    heads,
    keyHeads,
    width,
    row,
    channels: heads * width,
    window: Math.min(window ?? time, time),
    scale: scale ?? 1 / Math.sqrt(width),
    softCap,
  };
}

/** Returns the first position that the query at `position` attends to. */
export function firstKey(position: number, { window }: HeadSizes): number {
  return Math.max(0, position + 1 - window);
}

/** A score and its derivative with respect to the dot product of query and key. */
export interface Score {
  /** The score after scale and cap. */
  readonly score: number;
  /** Derivative of the score. */
  readonly slope: number;
}

/** Returns the score of a query with a key, given as offsets in two float64 arrays. */
export function scoreOf(
  [queries, query]: readonly [Float64Array, number],
  [keys, key]: readonly [Float64Array, number],
  { width, scale, softCap }: HeadSizes,
): Score {
  let dot = 0;
  for (let c = 0; c < width; c++) dot += queries[query + c] * keys[key + c];
  if (softCap === 0) return { score: dot * scale, slope: scale };
  const t = Math.tanh(dot * scale / softCap);
  return { score: softCap * t, slope: scale * (1 - t * t) };
}

/** Returns the numbers of a WASM call that describe the heads: H, K, D, scale, window, cap. */
export function headArgs({ heads, keyHeads, width, scale, window, softCap }: HeadSizes): readonly number[] {
  return [heads, keyHeads, width, scale, window, softCap];
}

function isCount(n: number): boolean {
  return Number.isInteger(n) && n >= 1;
}
