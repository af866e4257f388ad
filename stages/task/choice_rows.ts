/**
 * Turns a multiple-choice item into rows of tokens, one per ending: the context followed by the ending.
 * Context and ending are encoded separately, the ending with a space before it. Source: OpenAI's evaluation
 * of GPT-2 and build-nanogpt's hellaswag.py.
 *
 * @module
 */
import { endOfTextIfAny } from "../token/end_of_text.ts";
import type { Tokenizer } from "../token/tokenizer.ts";
import type { MultipleChoice } from "./multiple_choice.ts";

/** A row of tokens whose end is scored. */
export interface TokenRow {
  /**
   * Token ids, at most one more than the model's sequence length, because the last token is predicted but is
   * never an input.
   */
  readonly ids: Uint32Array;
  /** Index of the first scored token, at least 1, because the first token of a row cannot be predicted. */
  readonly from: number;
}

/** Options of `choiceRows`. */
export interface ChoiceRowsOptions {
  /** The model's tokenizer. */
  readonly tokenizer: Tokenizer;
  /** The model's sequence length; longer rows lose tokens at their start. */
  readonly seqLen: number;
}

/**
 * One row per ending. An empty context becomes an end-of-text token. Throws RangeError if the context is
 * empty and the tokenizer has no such token, or if an ending has no tokens.
 */
export function choiceRows(
  item: MultipleChoice,
  { tokenizer, seqLen }: ChoiceRowsOptions,
): readonly TokenRow[] {
  const context = tokenizer.encodeOrdinary(item.context);
  const end = endOfTextIfAny(tokenizer);
  if (context.length === 0 && end === null) {
    throw new RangeError(
      `Cannot score an item without a context: the tokenizer has no end of text to take its place`,
    );
  }
  const before = context.length > 0 ? [...context] : [end ?? 0];
  return item.endings.map((text) => {
    const ending = tokenizer.encodeOrdinary(` ${text}`);
    if (ending.length === 0) throw new RangeError("Cannot score an ending without tokens");
    const ids = Uint32Array.from([...before, ...ending]).slice(-(seqLen + 1));
    return { ids, from: Math.max(1, ids.length - ending.length) };
  });
}
