/**
 * Checks, before a run starts, that the model can continue a prompt: otherwise the run would fail at its
 * first sample.
 *
 * @module
 */
import { endOfTextIfAny } from "../../stages/token/end_of_text.ts";
import type { Tokenizer } from "../../stages/token/tokenizer.ts";

/** A prompt, and the tokenizer and model that must accept it. */
export interface PromptCheck {
  readonly prompt: string;
  /** Name of the option that gave the prompt, for example "--prompt". */
  readonly option: string;
  readonly tokenizer: Tokenizer;
  /** Size of the model's vocabulary. */
  readonly vocabSize: number;
}

/**
 * Throws RangeError if the tokenizer cannot encode the prompt, if one of the prompt's tokens is not in the
 * model's vocabulary, or if the prompt is empty and there is no end-of-text token to start from.
 */
export function checkPrompt({ prompt, option, tokenizer, vocabSize }: PromptCheck): void {
  const end = endOfTextIfAny(tokenizer);
  if (prompt === "" && end === null) {
    throw new RangeError(
      `Cannot start without a prompt: the tokenizer has no end of text: give ${option} TEXT`,
    );
  }
  let ids: Iterable<number>;
  try {
    ids = prompt === "" ? [end ?? 0] : tokenizer.encode(prompt, { allowedSpecial: "all" });
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new RangeError(`Cannot start from ${option} ${JSON.stringify(prompt)}: ${cause.message}`, {
      cause,
    });
  }
  for (const id of ids) {
    if (id < vocabSize) continue;
    throw new RangeError(
      `Cannot start from ${option} ${
        JSON.stringify(prompt)
      }: its token ${id} is not in the model's vocabulary of ` +
        `${vocabSize}: give the tokenizer that the model was trained with`,
    );
  }
}
