/**
 * The token between documents.
 *
 * @module
 */
import type { Tokenizer } from "./tokenizer.ts";

/** The text of the token that stands before each document: GPT-2's. */
export const END_OF_TEXT = "<|endoftext|>";

/** The id of the token between documents. Throws TypeError if the tokenizer has none. */
export function endOfText(tokenizer: Tokenizer): number {
  const id = tokenizer.special.get(END_OF_TEXT);
  if (id === undefined) {
    throw new TypeError(
      `Cannot separate documents: the tokenizer has no ${END_OF_TEXT}, its special tokens are [${
        [...tokenizer.special.keys()].join(", ")
      }]: add it as a special token`,
    );
  }
  return id;
}
