/**
 * A choice as rows of tokens: the context with each ending, and where the ending begins. Source: OpenAI's and
 * build-nanogpt's way: context and ending are encoded each by itself, the ending with a blank before it.
 *
 * @module
 */
import { END_OF_TEXT } from "../token/end_of_text.ts";
import type { Tokenizer } from "../token/tokenizer.ts";
import type { MultipleChoice } from "./multiple_choice.ts";

/** Tokens of which the loss of those from `from` on is asked. */
export interface TokenRow {
  /** At most one more than the model's positions: the last is only predicted. */
  readonly ids: Uint32Array;
  /** 1 or more: the first token has nothing before it. */
  readonly from: number;
}

/** What rows are made with. */
export interface ChoiceRowsOptions {
  /** The model's own. */
  readonly tokenizer: Tokenizer;
  /** The model's positions; longer rows lose their beginning. */
  readonly seqLen: number;
}

/**
 * One row an ending. An empty context is an end-of-text token. Throws RangeError where there is neither, and for an
 * ending without tokens.
 */
export function choiceRows(
  item: MultipleChoice,
  { tokenizer, seqLen }: ChoiceRowsOptions,
): readonly TokenRow[] {
  const context = tokenizer.encodeOrdinary(item.context);
  const end = tokenizer.special.get(END_OF_TEXT);
  if (context.length === 0 && end === undefined) {
    throw new RangeError(`Cannot ask without a context: the tokenizer has no ${END_OF_TEXT} to begin with`);
  }
  const before = context.length > 0 ? [...context] : [end ?? 0];
  return item.endings.map((text) => {
    const ending = tokenizer.encodeOrdinary(` ${text}`);
    if (ending.length === 0) throw new RangeError("Cannot ask for an ending without tokens");
    const ids = Uint32Array.from([...before, ...ending]).slice(-(seqLen + 1));
    return { ids, from: Math.max(1, ids.length - ending.length) };
  });
}
