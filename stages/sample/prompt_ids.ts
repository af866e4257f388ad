/**
 * The token ids of a prompt.
 *
 * @module
 */
import { endOfTextIfAny } from "../token/end_of_text.ts";
import type { SpecialOptions } from "../token/special.ts";
import type { Tokenizer } from "../token/tokenizer.ts";

/**
 * How prompts are encoded unless options say otherwise: texts of special tokens are these tokens, and the
 * tokenizer's file puts its tokens around the prompt, as transformers does (Llama: `<s>` before it).
 */
export const PROMPT_OPTIONS: SpecialOptions = { allowedSpecial: "all", addSpecialTokens: true };

/**
 * Encodes a prompt. An empty one for which the tokenizer's file adds nothing becomes the end of text, after
 * which a new document begins. Throws RangeError if there is none, and the errors of `Tokenizer.encode`.
 */
export function promptIds(
  tokenizer: Tokenizer,
  prompt: string,
  options: SpecialOptions = PROMPT_OPTIONS,
): number[] {
  const ids = [...tokenizer.encode(prompt, options)];
  if (ids.length > 0) return ids;
  const start = endOfTextIfAny(tokenizer);
  if (start !== null) return [start];
  throw new RangeError("Cannot start without a prompt: the tokenizer has no end of text: give a prompt");
}

/** Returns whether the tokenizer's file puts tokens around a text. */
export function hasTemplate(tokenizer: Tokenizer): boolean {
  return tokenizer.encode("", { addSpecialTokens: true }).length > 0;
}
