/**
 * Reinforcement learning with the rewards of a judge.
 *
 * @module
 */
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import type { Task } from "../../../stages/task/verified/task.ts";
import type { Item } from "../item.ts";
import { reinforce, type Reinforced } from "../talks/rewards.ts";
import { meanOf, type SmallChat } from "../talks/small_chat.ts";
import { columnSums } from "../thinking/column_sums.ts";
import type { Judge } from "./judge.ts";

/** Learning rate of the updates from rewards. */
export const RATE = 1e-3;

/** Learns from a judge's rewards. `truths` is the share of right answers in each update. */
export async function* pleased(
  chat: SmallChat,
  { weights, judge, updates }: {
    readonly weights: TensorMap;
    readonly judge: Judge;
    readonly updates: number;
  },
): AsyncGenerator<Item, Reinforced & { readonly truths: readonly number[] }> {
  const task = columnSums(), correct: number[] = [], truths: number[] = [];
  // #region learned reward
  const learned: Task = {
    ...task,
    async reward(item, text) {
      correct.push((await task.reward(item, text)).correct); // is measured, and has no part in the reward
      return { judged: await judge.score(item.id, text) };
    },
  };
  // #endregion
  const watch = () => {
    truths.push(meanOf(correct.splice(0), (one) => one));
    return false;
  };
  const run = yield* reinforce(chat, { weights, task: learned, updates, lr: RATE, kind: "constant", watch });
  return { ...run, truths };
}
