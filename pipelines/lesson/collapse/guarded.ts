/**
 * Reinforcement learning with the guard of the pipeline `rl`: where rewards collapse, it goes back and learns
 * more slowly.
 *
 * @module
 */
import { collapse, type GuardState } from "../../../stages/rl/guard.ts";
import type { Item } from "../item.ts";
import { reinforce, type Reinforced, type ReinforceOptions } from "../talks/rewards.ts";
import type { SmallChat } from "../talks/small_chat.ts";

/** A guarded run. */
export interface Guarded extends Pick<Reinforced, "weights"> {
  /** Mean reward of the answers for each update, those of updates that were undone too. */
  readonly rewards: readonly number[];
  /** What happened at each rollback. */
  readonly rollbacks: readonly string[];
}

/**
 * Makes as many updates as are asked for. When the mean reward of ten updates falls below half of `best`, or
 * of a better mean since, the weights that last answered well come back, and the learning rate falls to a
 * third.
 */
export async function* guarded(
  chat: SmallChat,
  { best, ...options }: ReinforceOptions & { readonly best: number },
): AsyncGenerator<Item, Guarded> {
  const rewards: number[] = [], rollbacks: string[] = [];
  let { weights, lr } = options;
  while (rewards.length < options.updates) {
    const state: GuardState = { rewards: [], best, healthy: 0, collapsed: [] }, before = rewards.length;
    let why: string | null = null;
    const { history, ...last } = yield* reinforce(chat, {
      ...options,
      weights,
      lr,
      updates: options.updates - before,
      watch({ reward }, step) {
        rewards.push(reward);
        why = collapse(state, { reward, step });
        return why !== null;
      },
    });
    ({ weights } = last);
    if (why === null) break;
    weights = history[state.healthy];
    lr /= 3;
    rollbacks.push(
      `update ${rewards.length}: ${why}; back to the weights of update ${
        before + state.healthy
      }, on at the rate ${lr.toPrecision(2)}`,
    );
  }
  return { weights, rewards, rollbacks };
}
