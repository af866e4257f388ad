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
const COLLAPSED = "the reward has collapsed";

/** Number of updates whose mean reward is watched. */
const WINDOW = 10;

/** Means below this one are too small for half of it to say anything. */
const LEAST = 0.05;

/** State of the guard. */
export interface GuardState {
  /** Mean rewards of the last updates, and of items from which no update was made. */
  rewards: number[];
  /** Highest mean of `WINDOW` rewards. */
  best: number;
  /** Largest step, from 0, whose answers had at least half of the best mean. */
  healthy: number;
  /** Indices of the items after which the run has rolled back. */
  collapsed: number[];
}

/** The answers to one item. */
export interface ItemReward {
  /** Mean reward. */
  readonly reward: number;
  /** Step of the update that the item is for, from 0. */
  readonly step: number;
  /** Index of the item in the run, which counts items without an update too. */
  readonly batch: number;
}

/** Adds a reward. Returns why the run must roll back, or null. */
export function collapse(
  state: GuardState,
  { reward, step }: Pick<ItemReward, "reward" | "step">,
): string | null {
  state.rewards.push(reward);
  if (state.rewards.length > WINDOW) state.rewards.shift();
  const mean = state.rewards.reduce((sum, x) => sum + x, 0) / state.rewards.length;
  if (state.rewards.length === WINDOW) {
    if (state.best > LEAST && mean < state.best / 2) {
      return `${COLLAPSED}: its mean over ${WINDOW} updates is ${mean.toFixed(3)}, and was ${
        state.best.toFixed(3)
      }`;
    }
    state.best = Math.max(state.best, mean);
  }
  if (reward >= Math.max(state.best, mean) / 2) state.healthy = step;
  return null;
}

/** Watches the rewards of a run. Its state is part of checkpoints. */
export class RewardGuard {
  #state: GuardState = { rewards: [], best: 0, healthy: 0, collapsed: [] };
  readonly #collapsed: readonly number[];

  /** `skipped` has the items that the run skips, with the reasons, of this and earlier rollbacks. */
  constructor(skipped: ReadonlyMap<number, string>) {
    this.#collapsed = [...skipped].flatMap(([batch, why]) => why.startsWith(COLLAPSED) ? [batch] : []);
  }

  /** Items after which the run has rolled back. They are skipped. */
  get collapsed(): ReadonlySet<number> {
    return new Set([...this.#state.collapsed, ...this.#collapsed]);
  }

  /**
   * Adds the reward of an item, whether or not an update follows. Throws SkipBatchError if the mean reward
   * has fallen below half of its best: the run then goes back to a checkpoint of weights that answered well.
   */
  add({ reward, step, batch }: ItemReward): void {
    const why = collapse(this.#state, { reward, step });
    if (why !== null) throw new SkipBatchError(batch, why, { before: this.#state.healthy });
  }

  /** Returns a stage that passes updates on and keeps the guard's state in checkpoints. */
  stage(): Stage<ModelUpdate, ModelUpdate> {
    return stage<ModelUpdate, ModelUpdate, null>({
      name: "guard",
      open: (_ctx, saved?: unknown) => {
        if (saved !== undefined) this.#state = structuredClone(saved as unknown as GuardState);
        return null;
      },
      push: (update) => [update],
      save: () => ({ ...structuredClone(this.#state), collapsed: [...this.collapsed] }),
    });
  }
}
