/**
 * The byte tokenizer, which needs no training: each UTF-8 byte is a token.
 *
 * @module
 */
import { BpeTokenizer } from "./bpe.ts";
import { END_OF_TEXT } from "./end_of_text.ts";

/** A tokenizer whose ids 0 to 255 are the bytes; 256 is `<|endoftext|>`. */
export function byteTokenizer(): BpeTokenizer {
  return new BpeTokenizer({
    pattern: "none",
    tokens: Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte)),
    merges: [],
    special: new Map([[END_OF_TEXT, 256]]),
  });
}
