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
  holds: ({ before, after }) => after > .9 * before,
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
export const nothingToLearnFrom: Claim<{ readonly equal: number }> = {
  name: "a destroyed policy has nothing to learn from",
  holds: ({ equal }) => equal > .5,
  yes: ({ equal }) =>
    `In the last ten updates, all answers had the same reward in ${
      percent(equal)
    } of the questions: where no answer is right, none is better than another, and rewards cannot lead back.`,
  no: ({ equal }) =>
    `In the last ten updates, all answers had the same reward in ${
      percent(equal)
    } of the questions: the others still show a way back.`,
  cases: { yes: { equal: .95 }, no: { equal: .2 } },
};

/** The guard saves most of it. */
export const guardSaves: Claim<
  { readonly guarded: number; readonly unguarded: number; readonly rollbacks: number }
> = {
  name: "the guard saves at least a part of the policy",
  holds: ({ guarded, unguarded }) => guarded > unguarded + .15,
  yes: ({ guarded, unguarded, rollbacks }) =>
    `With the guard, ${percent(guarded)} are right after the same number of updates, and ${
      percent(unguarded)
    } without it. It went back ${rollbacks === 1 ? "once" : `${rollbacks} times`}.`,
  no: ({ guarded, unguarded, rollbacks }) =>
    `With the guard, ${percent(guarded)} are right after the same number of updates, and ${
      percent(unguarded)
    } without it. It went back ${
      rollbacks === 1 ? "once" : `${rollbacks} times`
    }, which did not save the policy.`,
  cases: {
    yes: { guarded: .8, unguarded: .01, rollbacks: 1 },
    no: { guarded: .1, unguarded: .01, rollbacks: 2 },
  },
};

/** A few updates at a high rate are enough. */
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
