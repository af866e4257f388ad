/**
 * The tokens that begin and end texts.
 *
 * @module
 */
import { namesOf } from "./special.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** Text of GPT-2's special token, which is put before each document. */
export const END_OF_TEXT = "<|endoftext|>";

/**
 * Id of the token that separates documents: the end of text that the tokenizer's files name, otherwise
 * `<|endoftext|>`. Throws TypeError if the tokenizer has neither.
 */
export function endOfText(tokenizer: Tokenizer): number {
  const id = endOfTextIfAny(tokenizer);
  if (id === null) {
    throw new TypeError(
      `Cannot separate documents: the tokenizer has no ${END_OF_TEXT}, its special tokens are [${
        namesOf(tokenizer.special)
      }]: give --separator-token with one of them, or add it as a special token`,
    );
  }
  return id;
}

/** Id of the token that separates documents, or null if the tokenizer has none. */
export function endOfTextIfAny(tokenizer: Tokenizer): number | null {
  return tokenizer.roles?.eos[0] ?? tokenizer.special.get(END_OF_TEXT) ?? null;
}

/** Ids of all tokens that end a text. */
export function textEnds(tokenizer: Tokenizer): ReadonlySet<number> {
  const end = endOfTextIfAny(tokenizer);
  return new Set([...end === null ? [] : [end], ...tokenizer.roles?.eos ?? []]);
}
