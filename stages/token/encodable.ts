/**
 * Encodes texts that a tokenizer may not know in full.
 *
 * @module
 */
import type { Tokenizer } from "./tokenizer.ts";

/** Returns a text without the characters that the tokenizer lacks. */
export function encodableText(tokenizer: Tokenizer, text: string): string {
  try {
    tokenizer.encodeOrdinary(text);
    return text;
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    return [...text].filter((character) => encodable(tokenizer, character).length > 0).join("");
  }
}

/** Encodes a text without special tokens; characters that the tokenizer lacks are left out. */
export function encodable(tokenizer: Tokenizer, text: string): readonly number[] {
  try {
    return [...tokenizer.encodeOrdinary(text)];
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    const characters = [...text];
    return characters.length === 1 ? [] : characters.flatMap((each) => encodable(tokenizer, each));
  }
}
