/**
 * The tokens of a text with their ids and bytes, for display.
 *
 * @module
 */
import type { Tokenizer } from "../tokenizer.ts";

/** One token of a text. */
export interface TextToken {
  /** Id in the vocabulary. */
  readonly id: number;
  /** The bytes of text that it stands for. */
  readonly bytes: Uint8Array;
  /** Whether it is a special token. */
  readonly special: boolean;
}

/**
 * Returns the tokens of a text; special tokens are allowed everywhere. Throws RangeError if the text cannot
 * be encoded.
 */
export function tokensOf(text: string, tokenizer: Tokenizer): TextToken[] {
  return tokensOfIds(encodeWithSpecial(text, tokenizer), tokenizer);
}

/** Returns the tokens with the given ids. */
export function tokensOfIds(ids: Iterable<number>, tokenizer: Tokenizer): TextToken[] {
  return Array.from(
    ids,
    (id) => ({ id, bytes: tokenizer.decodeSingleTokenBytes(id), special: tokenizer.isSpecialToken(id) }),
  );
}

/**
 * Returns the ids of a text; special tokens are allowed everywhere. Throws RangeError if the text cannot be
 * encoded.
 */
export function encodeWithSpecial(text: string, tokenizer: Tokenizer): Uint32Array {
  return tokenizer.encode(text, { allowedSpecial: "all" });
}
