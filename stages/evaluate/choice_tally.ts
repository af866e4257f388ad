/**
 * How often a model prefers the right ending.
 *
 * @module
 */
import type { HellaswagEvent } from "../flow/events.ts";
import { choiceRows } from "../task/choice_rows.ts";
import type { MultipleChoice } from "../task/multiple_choice.ts";
import type { Tokenizer } from "../token/tokenizer.ts";
import { scoreRows } from "./score_rows.ts";
import type { ModelSession } from "../model/model_session.ts";

/** Counts so far: plain data. */
export interface ChoiceTally {
  /** Items asked. */
  items: number;
  /** Those whose right ending had the least loss. */
  right: number;
  /** Those whose right ending had the least loss a token. */
  rightNorm: number;
}

/** Nothing asked yet. */
export function emptyChoiceTally(): ChoiceTally {
  return { items: 0, right: 0, rightNorm: 0 };
}

/** Items asked at once: enough rows of like length to fill batches, seconds of work at most on a small machine. */
export const CHOICES_PER_BATCH = 32;

/** Asks items and counts into `tally`. Of equally likely endings the first is taken. Throws what `choiceRows` throws. */
export async function scoreChoices(
  items: readonly MultipleChoice[],
  { model, tokenizer, tally }: {
    readonly model: ModelSession;
    readonly tokenizer: Tokenizer;
    readonly tally: ChoiceTally;
  },
): Promise<void> {
  const { seqLen } = model.plan.model;
  const rows = items.map((item) => choiceRows(item, { tokenizer, seqLen }));
  const scores = await scoreRows(model, rows.flat());
  let at = 0;
  for (const { endings, label } of items) {
    const own = scores.slice(at, at += endings.length);
    tally.items++;
    if (least(own.map(({ sum }) => sum)) === label) tally.right++;
    if (least(own.map(({ sum, count }) => sum / count)) === label) tally.rightNorm++;
  }
}

function least(values: readonly number[]): number {
  return values.indexOf(Math.min(...values));
}

/** What a round came to. Throws RangeError where nothing was asked. */
export function hellaswagEvent(step: number, { items, right, rightNorm }: ChoiceTally): HellaswagEvent {
  if (items === 0) throw new RangeError("Cannot tell HellaSwag's accuracy: there was no item");
  return { type: "hellaswag", step, accuracy: right / items, accuracyNorm: rightNorm / items, items };
}
