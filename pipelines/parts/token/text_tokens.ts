/**
 * The tokens of a text: what every view of them begins with.
 *
 * @module
 */
import type { Tokenizer } from "../../../stages/token/tokenizer.ts";

/** One token of a text. */
export interface TextToken {
  readonly id: number;
  readonly bytes: Uint8Array;
  /** It stands for a special token's text. */
  readonly special: boolean;
}

/** A text as tokens; the texts of special tokens are read as those. Throws RangeError as `encode`. */
export function tokensOf(text: string, tokenizer: Tokenizer): TextToken[] {
  return tokensOfIds(encodeWithSpecial(text, tokenizer), tokenizer);
}

/** Tokens by their ids. */
export function tokensOfIds(ids: Iterable<number>, tokenizer: Tokenizer): TextToken[] {
  return Array.from(
    ids,
    (id) => ({ id, bytes: tokenizer.decodeSingleTokenBytes(id), special: tokenizer.isSpecialToken(id) }),
  );
}

/** The ids alone. Throws RangeError as `encode`. */
export function encodeWithSpecial(text: string, tokenizer: Tokenizer): Uint32Array {
  return tokenizer.encode(text, { allowedSpecial: "all" });
}
