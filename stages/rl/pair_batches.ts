/**
 * Turns preferences into rows, and rows into the batch of one update.
 *
 * @module
 */
import { isConversation, type Preference } from "../chat/conversation.ts";
import {
  orUnwritable,
  renderExample,
  type RenderOptions,
  type RenderStageOptions,
  UNWRITABLE,
} from "../chat/render.ts";
import { type Context, type Stage, stage } from "../flow/stage.ts";
import type { Batch } from "../items.ts";
import type { ModelSession } from "../model/model_session.ts";
import { type AnswerRow, answerRows, derivativeBatch, logProbabilities, type Scorer } from "./answer_rows.ts";
import { type PreferenceLoss, preferenceLoss } from "./preference_loss.ts";

/** A rendered preference. */
export interface RenderedPair {
  readonly chosen: AnswerRow;
  readonly rejected: AnswerRow;
}

/** How pairs are rendered and collected. */
export interface PairGroupsOptions extends RenderStageOptions {
  /** Number of pairs of an update. */
  readonly pairs: number;
  /** Largest number of tokens of a row. */
  readonly size: number;
  /** Told of each pair: the reason why it was dropped, or null if it was kept. */
  readonly onExample?: (reason: string | null) => void;
}

/**
 * Renders preferences, and collects the pairs of one update. Pairs with a row of more than `size` tokens are
 * dropped as `too_long`, those with an empty answer as `no_answer`, and those whose answers are the same as
 * `same_answers`. Throws the errors of `render`.
 */
export function pairGroups(
  { pairs, size, onExample, ...options }: PairGroupsOptions,
): Stage<Preference, readonly RenderedPair[]> {
  return stage<Preference, readonly RenderedPair[], { held: Preference[] }>({
    name: "pairs",
    open: (_ctx, saved = { held: [] }) => saved,
    push(preference, state, ctx: Context) {
      const reason = whyDropped(preference, { size, options });
      onExample?.(reason);
      if (reason !== null) {
        ctx.drop(preference, reason);
        return [];
      }
      state.held.push(preference);
      if (state.held.length < pairs) return [];
      return [state.held.splice(0).map((each) => renderPair(each, options))];
    },
  });
}

/** Returns why a preference cannot be trained on, or null. */
function whyDropped(
  preference: Preference,
  { size, options }: { readonly size: number; readonly options: RenderStageOptions },
): string | null {
  const pair = orUnwritable(preference.chosen.id, options, () => renderPair(preference, options));
  if (pair === null) return UNWRITABLE;
  const rows = [pair.chosen, pair.rejected];
  if (rows.some(({ ids }) => ids.length > size)) return "too_long";
  const isEmpty = ({ mask }: AnswerRow) => !Array.prototype.some.call(mask, (weight) => weight !== 0);
  if (rows.some(isEmpty)) return "no_answer";
  return pair.chosen.ids.join() === pair.rejected.ids.join() ? "same_answers" : null;
}

/** Returns the rows of a preference. */
export function renderPair({ chosen, rejected }: Preference, options: RenderOptions): RenderedPair {
  const row = (example: Preference["chosen"]): AnswerRow => {
    // Only the last messages differ: what is before them is the prompt.
    const whole = isConversation(example) ? { ...example, completion: example.completion ?? 1 } : example;
    const { ids, weights } = renderExample(whole, options);
    return { ids, mask: weights };
  };
  return { chosen: row(chosen), rejected: row(rejected) };
}

/** What one update of preferences is logged with. */
export interface PairResult {
  /** Mean loss of the pairs. */
  readonly loss: number;
  /** Share of pairs whose chosen answer has the higher reward. */
  readonly accuracy: number;
  /** Mean reward of the chosen answer minus that of the rejected one. */
  readonly margin: number;
}

/** Returns the batch of an update, null if it changes nothing, and what it is logged with. */
export async function pairBatch(
  pairs: readonly RenderedPair[],
  { policy, reference, kind, beta, smoothing, shape }: {
    readonly policy: ModelSession;
    readonly reference: Scorer;
    readonly kind: PreferenceLoss;
    readonly beta: number;
    readonly smoothing: number;
    readonly shape: Batch["shape"];
  },
): Promise<{ readonly batch: Batch | null; readonly result: PairResult }> {
  const length = shape[2];
  const rows = answerRows(pairs.flatMap(({ chosen, rejected }) => [chosen, rejected]), length);
  const own = await logProbabilities(policy, rows), base = await logProbabilities(reference, rows);
  const sumOf = (values: ArrayLike<number>, row: number) => {
    let sum = 0;
    for (let i = row * length; i < (row + 1) * length; i++) sum += values[i];
    return sum;
  };
  const gradient = new Float64Array(own.length);
  let loss = 0, right = 0, margin = 0;
  for (let pair = 0; pair < pairs.length; pair++) {
    const answer = (row: number) => ({
      policy: sumOf(own, row),
      reference: sumOf(base, row),
      length: sumOf(rows.mask, row),
    });
    const found = preferenceLoss({ chosen: answer(2 * pair), rejected: answer(2 * pair + 1) }, {
      kind,
      beta,
      smoothing,
    });
    loss += found.loss / pairs.length;
    margin += (found.chosenReward - found.rejectedReward) / pairs.length;
    right += Number(found.chosenReward > found.rejectedReward) / pairs.length;
    for (let t = 0; t < length; t++) {
      const [good, bad] = [2 * pair * length + t, (2 * pair + 1) * length + t];
      gradient[good] = rows.mask[good] * found.chosen / pairs.length;
      gradient[bad] = rows.mask[bad] * found.rejected / pairs.length;
    }
  }
  const batch = derivativeBatch(rows, { gradient, shape });
  return { batch, result: { loss, accuracy: right, margin } };
}
