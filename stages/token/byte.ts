/**
 * The byte tokenizer, which needs no training: each UTF-8 byte is a token.
 *
 * @module
 */
import { BpeTokenizer } from "./bpe.ts";
import { END_OF_TEXT } from "./end_of_text.ts";

/**
 * Returns a tokenizer whose ids 0 to 255 are the bytes; 256 is `<|endoftext|>`.
 *
 * @example
 * ```ts
 * import { byteTokenizer } from "@stagewise/gpt";
 *
 * console.log([...byteTokenizer().encode("We")]); // [ 87, 101 ]
 * ```
 */
export function byteTokenizer(): BpeTokenizer {
  return new BpeTokenizer({
    pattern: "none",
    tokens: Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte)),
    merges: [],
    special: new Map([[END_OF_TEXT, 256]]),
  });
}
