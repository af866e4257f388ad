/**
 * Accuracy on multiple-choice items: how often a model considers the right ending the most likely one.
 *
 * @module
 */
import type { HellaswagEvent } from "../flow/events.ts";
import type { ModelSession } from "../model/model_session.ts";
import { choiceRows } from "../task/choice_rows.ts";
import type { MultipleChoice } from "../task/multiple_choice.ts";
import type { Tokenizer } from "../token/tokenizer.ts";
import { scoreRows } from "./score_rows.ts";

/** Counts over the items so far; plain data that a checkpoint can save. */
export interface ChoiceTally {
  /** Number of items. */
  items: number;
  /** Number of items whose right ending had the least loss. */
  right: number;
  /** Number of items whose right ending had the least loss per token. */
  rightNorm: number;
  /**
   * Number of items for which the loss of an ending is NaN or infinite, so that the model chooses none;
   * absent in checkpoints of earlier versions.
   */
  undecided?: number;
}

/** An empty tally. */
export function emptyChoiceTally(): ChoiceTally {
  return { items: 0, right: 0, rightNorm: 0 };
}

/**
 * Number of items that are scored together: enough to fill batches with rows of similar length, and few
 * enough to take only seconds on a slow machine.
 */
export const CHOICES_PER_BATCH = 32;

/**
 * Scores items and adds them to the tally. Of equally likely endings the first is chosen. Throws the same
 * errors as `choiceRows`.
 */
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
    if (!own.every(({ sum }) => Number.isFinite(sum))) {
      tally.undecided = (tally.undecided ?? 0) + 1;
      continue;
    }
    if (indexOfLeast(own.map(({ sum }) => sum)) === label) tally.right++;
    if (indexOfLeast(own.map(({ sum, count }) => sum / count)) === label) tally.rightNorm++;
  }
}

function indexOfLeast(values: readonly number[]): number {
  return values.indexOf(Math.min(...values));
}

/**
 * Returns the event of an evaluation after `step` updates. The accuracies are NaN if the model made no choice
 * for an item. Throws RangeError for a tally without items.
 */
export function hellaswagEvent(step: number, tally: ChoiceTally): HellaswagEvent {
  const { items, right, rightNorm, undecided = 0 } = tally;
  if (items === 0) throw new RangeError("Cannot compute HellaSwag's accuracy: there were no items");
  const share = (count: number): number => undecided > 0 ? NaN : count / items;
  return { type: "hellaswag", step, accuracy: share(right), accuracyNorm: share(rightNorm), items };
}
