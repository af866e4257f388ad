/**
 * The guard against collapse. Where nearly all rewards are at their maximum, the gradient is noise, and an
 * optimizer with steps of a fixed size follows it until the policy is destroyed.
 *
 * @module
 */
import { type Stage, stage } from "../flow/stage.ts";
import type { ModelUpdate } from "../model/model_update.ts";
import { SkipBatchError } from "../train/divergence_response.ts";

/** Beginning of the reason for a rollback; the learning rate falls with each. */
export const COLLAPSED = "the reward has collapsed";

/** Number of updates whose mean reward is watched. */
const WINDOW = 10;

/** Means below this one are too small for half of it to say anything. */
const LEAST = 0.05;

/** State of the guard. */
export interface GuardState {
  /** Rewards of the last updates. */
  rewards: number[];
  /** Highest mean of `WINDOW` rewards. */
  best: number;
}

/** Adds a reward. Returns why the run must roll back, or null. */
export function collapse(state: GuardState, reward: number): string | null {
  state.rewards.push(reward);
  if (state.rewards.length > WINDOW) state.rewards.shift();
  if (state.rewards.length < WINDOW) return null;
  const mean = state.rewards.reduce((sum, x) => sum + x, 0) / WINDOW;
  if (state.best > LEAST && mean < state.best / 2) {
    return `${COLLAPSED}: its mean over ${WINDOW} updates is ${mean.toFixed(3)}, and was ${
      state.best.toFixed(3)
    }`;
  }
  state.best = Math.max(state.best, mean);
  return null;
}

/** The answers of an update. */
export interface UpdateReward {
  /** Mean reward. */
  readonly reward: number;
  /** Index of the update's item in the run, which counts items without an update too. */
  readonly batch: number;
}

/**
 * Passes updates on until the mean reward falls below half of its best; then throws SkipBatchError, so that
 * the run goes back to its last checkpoint. `rewards` holds the reward of each update by its step, from 0.
 */
export function guard(rewards: ReadonlyMap<number, UpdateReward>): Stage<ModelUpdate, ModelUpdate> {
  return stage<ModelUpdate, ModelUpdate, GuardState>({
    name: "guard",
    open: (_ctx, saved = { rewards: [], best: 0 }) => saved,
    push(update, state) {
      const own = rewards.get(update.step - 1);
      const why = own === undefined ? null : collapse(state, own.reward);
      if (own !== undefined && why !== null) throw new SkipBatchError(own.batch, why);
      return [update];
    },
  });
}
