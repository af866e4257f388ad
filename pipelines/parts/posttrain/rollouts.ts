/**
 * The updates of a policy: questions are answered, answers rewarded, and rewards watched.
 *
 * @module
 */
import type { giveBackItem } from "../../../stages/flow/stage.ts";
import type { Batch } from "../../../stages/items.ts";
import type { BatchOrNumber } from "../../../stages/rl/after_batches.ts";
import { type CheckAnswersOptions, checkTasks } from "../../../stages/rl/check_answers.ts";
import type { RewardGuard } from "../../../stages/rl/guard.ts";
import { questionsOf } from "../../../stages/rl/question_order.ts";
import { rolloutBatch } from "../../../stages/rl/rollout_batch.ts";
import { orGiveBack } from "../../../stages/rl/until_stopped.ts";
import type { Task } from "../../../stages/task/verified/task.ts";
import type { BatchContext } from "../../../stages/train/train.ts";
import type { Values } from "../../cli/pipeline.ts";
import type { policyOptions, questionOptions } from "./policy_options.ts";
import type { Reference } from "./reference.ts";
import { type ChatValues, shapeOf, type StartingPoint } from "./starting_point.ts";

/** Updates in a row without a gradient after which a run ends. */
const MAX_EMPTY = 20;

/** Updates between two of which the best and the worst answer are shown. */
const TRANSCRIPT_EVERY = 20;

/** Values of the options of rl. */
export type PolicyValues = ChatValues & Values<typeof policyOptions> & Values<typeof questionOptions>;

/** What updates are made of. */
export interface RolloutParts {
  readonly start: StartingPoint;
  readonly task: Task;
  readonly reference: Reference;
  readonly guard: RewardGuard;
  /** How held-out questions are asked before the first update. The answers to others have the same tools. */
  readonly checks: Omit<CheckAnswersOptions, "every" | "after">;
  readonly seed: number;
}

/**
 * Returns the function that makes the batch of an update: null if it teaches nothing. Batches of examples
 * pass unchanged. It throws RangeError if 20 updates in a row teach nothing, and the errors of `rolloutBatch`
 * and of `RewardGuard.add`.
 */
export function rollouts(
  o: PolicyValues,
  { start, task, reference, guard, checks, seed }: RolloutParts,
): (item: BatchOrNumber, context: BatchContext) => Promise<Batch | null | typeof giveBackItem> {
  const { tokenizer, template, maxTokens, toolbox } = checks, { temperature, group } = o;
  const shape = shapeOf(o, start), questions = shape[0] * shape[1] / group;
  let empty = 0;
  const batchOf = async (item: BatchOrNumber, { model, step, item: index, ctx, reported }: BatchContext) => {
    if ("batch" in item) return item.batch;
    if (guard.collapsed.has(index)) return null; // skipped before the run was stopped
    if (index === 0 && o.checkEvery > 0) await checkTasks(model, { step, ctx }, checks);
    const base = o.kl > 0 ? await reference.of(model) : null;
    await reported(); // so that the time of the last update does not count as this one's rollouts
    const { number } = item;
    const { batch, event, timing } = await rolloutBatch(
      model,
      questionsOf(task, { number, questions, seed }),
      {
        tokenizer,
        template,
        temperature,
        maxTokens,
        seed,
        signal: ctx.signal,
        stopping: () => ctx.stopping,
        task,
        group,
        shape,
        loss: {
          algorithm: o.algorithm,
          beta: o.kl,
          kl: o.klEstimator,
          epsilonHigh: o.epsilonHigh,
          maxLength: start.seqLen,
        },
        scale: o.algorithm === "reinforce" ? "none" : o.scaleRewards,
        maskCutOff: o.maskCutOff,
        reference: base,
        ...(toolbox !== undefined && { toolbox }),
      },
    );
    ctx.emit({ type: "rollout", step, item: number, ...event });
    ctx.emit({ type: "timing", step, item: number, ...timing });
    if (number % TRANSCRIPT_EVERY === 0) {
      ctx.emit({ type: "sample", step, prompt: "The best answer of the update. ", text: event.best });
      ctx.emit({ type: "sample", step, prompt: "The worst answer of the update. ", text: event.worst });
    }
    guard.add({ reward: event.reward, step, batch: index });
    empty = batch === null ? empty + 1 : 0;
    if (empty === MAX_EMPTY) throw new RangeError(nothingToLearn(event.reward));
    return batch;
  };
  return (item, context) => orGiveBack(() => batchOf(item, context));
}

function nothingToLearn(reward: number): string {
  return `Nothing to learn: in ${MAX_EMPTY} updates in a row, all answers to each question had the same reward (now ${
    reward.toFixed(3)
  }): if it is the highest, the task is learned; else give a task that the model solves sometimes, a larger --group, or train it on solutions first (sft)`;
}
