/**
 * What the lesson on learning rates of policies claims about its results.
 *
 * @module
 */
import type { Claim } from "../claim.ts";
import { percent } from "../talks/answer_items.ts";

/** Shares of right answers before and after some updates, at a learning rate. */
interface Outcome {
  readonly rate: number;
  readonly before: number;
  readonly after: number;
}

/** A small rate does no harm. */
export const smallRateKeeps: Claim<Outcome> = {
  name: "a small rate keeps the policy",
  holds: ({ before, after }) => after >= .9 * before,
  yes: ({ rate, before, after }) =>
    `At the rate ${rate}, ${percent(before)} of the held-out sums were right before and ${
      percent(after)
    } are right after the updates: the policy keeps what it can.`,
  no: ({ rate, before, after }) =>
    `At the rate ${rate}, ${percent(before)} of the held-out sums were right before and ${
      percent(after)
    } are right after the updates: even this rate does harm.`,
  cases: { yes: { rate: 1e-4, before: .9, after: .91 }, no: { rate: 1e-4, before: .9, after: .5 } },
};

/** A high rate destroys it. */
export const highRateDestroys: Claim<Outcome> = {
  name: "a high rate destroys the policy",
  holds: ({ before, after }) => after < before / 2,
  yes: ({ rate, before, after }) =>
    `At the rate ${rate}, ${percent(before)} were right before and ${
      percent(after)
    } are right after: the same questions, the same rewards, and a destroyed policy.`,
  no: ({ rate, before, after }) =>
    `At the rate ${rate}, ${percent(before)} were right before and ${
      percent(after)
    } are right after: these updates did not destroy the policy.`,
  cases: { yes: { rate: 3e-3, before: .9, after: .01 }, no: { rate: 3e-3, before: .9, after: .8 } },
};

/** Why there is no way back. */
export const nothingToLearnFrom: Claim<{ readonly reward: number; readonly equal: number }> = {
  name: "a destroyed policy has nothing to learn from",
  holds: ({ reward, equal }) => reward < .1 && equal > .5,
  yes: ({ reward, equal }) =>
    `In the last ten updates ${percent(reward)} of the answers were right, and in ${
      percent(equal)
    } of the questions all had the same reward: where no answer is right, none is better than another, and rewards cannot lead back.`,
  no: ({ reward, equal }) =>
    `In the last ten updates ${percent(reward)} of the answers were right, and in ${
      percent(equal)
    } of the questions all had the same reward: ${
      equal > .5
        ? "some answers are still right"
        : "in the others, rewards still tell better answers from worse"
    }.`,
  cases: { yes: { reward: .01, equal: .95 }, no: { reward: .85, equal: .95 } },
};

const times = (count: number): string => count === 1 ? "once" : `${count} times`;

/** The guard saves a part of it. */
export const guardSaves: Claim<
  { readonly guarded: number; readonly unguarded: number; readonly rollbacks: number }
> = {
  name: "the guard saves at least a part of the policy",
  holds: ({ guarded, unguarded }) => guarded > unguarded + .15,
  yes: ({ guarded, unguarded, rollbacks }) =>
    `With the guard, ${percent(guarded)} are right after the same number of updates, and ${
      percent(unguarded)
    } without it. It went back ${times(rollbacks)}.`,
  no: ({ guarded, unguarded, rollbacks }) =>
    `With the guard, ${percent(guarded)} are right after the same number of updates, and ${
      percent(unguarded)
    } without it. ${
      rollbacks === 0 ? "It never went back." : `It went back ${times(rollbacks)}, which did not help much.`
    }`,
  cases: {
    yes: { guarded: .8, unguarded: .01, rollbacks: 1 },
    no: { guarded: .1, unguarded: .01, rollbacks: 2 },
  },
};

/** At a high rate no signal is needed. */
export const noiseIsEnough: Claim<{ readonly before: number; readonly after: number }> = {
  name: "rewards drawn by lot destroy the policy as well",
  holds: ({ before, after }) => after < before / 2,
  yes: ({ before, after }) =>
    `With rewards drawn by lot, ${percent(before)} were right before and ${
      percent(after)
    } are right after. Adam divides each gradient by its own size, so that a step is as long for noise as for a signal.`,
  no: ({ before, after }) =>
    `With rewards drawn by lot, ${percent(before)} were right before and ${
      percent(after)
    } are right after: the noise did not destroy the policy in these updates.`,
  cases: { yes: { before: .9, after: .05 }, no: { before: .9, after: .85 } },
};
