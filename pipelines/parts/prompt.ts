/**
 * Whether a model can go on from a prompt: told before a run begins, not when its first sample is due.
 *
 * @module
 */
import { END_OF_TEXT } from "../../stages/token/end_of_text.ts";
import type { Tokenizer } from "../../stages/token/tokenizer.ts";

/** What a prompt is checked against. */
export interface PromptCheck {
  readonly prompt: string;
  /** The option it was given by: "--prompt". */
  readonly option: string;
  readonly tokenizer: Tokenizer;
  /** Of the model: its number of tokens. */
  readonly vocabSize: number;
}

/**
 * Throws RangeError for a text that the tokenizer cannot encode, an empty one where it has no end-of-text token to
 * begin with, and a token that the model does not know.
 */
export function checkPrompt({ prompt, option, tokenizer, vocabSize }: PromptCheck): void {
  const end = tokenizer.special.get(END_OF_TEXT);
  if (prompt === "" && end === undefined) {
    throw new RangeError(
      `Cannot begin without a prompt: the tokenizer has no ${END_OF_TEXT}: give ${option} TEXT`,
    );
  }
  let ids: Iterable<number>;
  try {
    ids = prompt === "" ? [end ?? 0] : tokenizer.encodeOrdinary(prompt);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new RangeError(`Cannot begin with ${option} ${JSON.stringify(prompt)}: ${cause.message}`, {
      cause,
    });
  }
  for (const id of ids) {
    if (id < vocabSize) continue;
    throw new RangeError(
      `Cannot begin with ${option} ${
        JSON.stringify(prompt)
      }: its token ${id} is beyond the model's vocabulary of ` +
        `${vocabSize}: give the tokenizer that the model was trained with`,
    );
  }
}
