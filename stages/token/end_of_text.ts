/**
 * The special token that separates documents.
 *
 * @module
 */
import type { Tokenizer } from "./tokenizer.ts";

/** Text of GPT-2's special token, which is put before each document. */
export const END_OF_TEXT = "<|endoftext|>";

/** Id of `<|endoftext|>`. Throws TypeError if the tokenizer has no such special token. */
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
