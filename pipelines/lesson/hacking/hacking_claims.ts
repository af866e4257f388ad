/**
 * What the lesson on reward hacking claims about its results.
 *
 * @module
 */
import type { Claim } from "../claim.ts";
import { percent } from "../talks/answer_items.ts";

/** The judge has learned something. */
export const judgeIsUseful: Claim<{ readonly agrees: number; readonly common: number }> = {
  name: "the judge agrees with the truth on answers of the kind that it has seen",
  holds: ({ agrees, common }) => agrees > common + .05,
  yes: ({ agrees, common }) =>
    `On held-out answers of the model as it is now, the judge agrees with the truth in ${
      percent(agrees)
    } of the cases; always saying what is most common would reach ${
      percent(common)
    }. It is a usable judge, as reward models are.`,
  no: ({ agrees, common }) =>
    `On held-out answers of the model as it is now, the judge agrees with the truth in ${
      percent(agrees)
    } of the cases; always saying what is most common would reach ${percent(common)}.`,
  cases: { yes: { agrees: .79, common: .62 }, no: { agrees: .62, common: .62 } },
};

/** What the judge says before and after. */
export const judgeIsPleased: Claim<{ readonly before: number; readonly after: number }> = {
  name: "the judge's reward rises",
  holds: ({ before, after }) => after > before + .1,
  yes: ({ before, after }) =>
    `The judge's mean reward rose from ${percent(before)} to ${
      percent(after)
    }: by its own measure, the run is a success.`,
  no: ({ before, after }) => `The judge's mean reward was ${percent(before)} and is ${percent(after)}.`,
  cases: { yes: { before: .37, after: .62 }, no: { before: .37, after: .38 } },
};

/** The truth rises first. */
export const truthRisesFirst: Claim<
  {
    readonly before: number;
    readonly best: number;
    /** Update before which the share was `best`, of all `updates`. */
    readonly update: number;
    readonly updates: number;
    /** Whether the judge is useful on answers of the kind that it has seen. */
    readonly isUseful: boolean;
  }
> = {
  name: "the share of right answers rises at first",
  holds: ({ before, best, update, updates }) => best > before + .05 && update < updates / 2,
  yes: ({ before, best, update, updates, isUseful }) =>
    `The share of answers that are really right rises at first, from ${percent(before)} to ${
      percent(best)
    } around update ${update} of ${updates}${
      isUseful
        ? ": as long as the answers are of the kind that the judge has seen, what pleases it is right more often"
        : ""
    }.`,
  no: ({ before, best, update, updates }) =>
    `The share of answers that are really right was ${percent(before)} and is ${
      percent(best)
    } around update ${update} of ${updates}, where the answers of the updates are best${
      best > before + .05 ? "" : ": it never rises much"
    }.`,
  cases: {
    yes: { before: .45, best: .65, update: 3, updates: 40, isUseful: true },
    no: { before: .45, best: .65, update: 38, updates: 40, isUseful: true },
  },
};

/** And then it falls. */
export const truthFalls: Claim<{ readonly best: number; readonly last: number; readonly judged: number }> = {
  name: "the share of right answers falls while the judge stays pleased",
  holds: ({ best, last, judged }) => last < best / 2 && judged > last + .2,
  yes: ({ best, last, judged }) =>
    `The share of right answers then falls from ${percent(best)} to ${percent(last)}, while the judge gives ${
      percent(judged)
    }: the model has found answers that the judge takes for right, and that are none.`,
  no: ({ best, last, judged }) =>
    `At the end ${percent(last)} of the answers are right, ${
      percent(best)
    } were at best, and the judge gives ${percent(judged)}.`,
  cases: { yes: { best: .66, last: 0, judged: .62 }, no: { best: .66, last: .64, judged: .65 } },
};

/** The program cannot be outwitted. */
export const programHolds: Claim<{ readonly learned: number; readonly verified: number }> = {
  name: "with the verified reward more answers are right at the end",
  holds: ({ learned, verified }) => verified > learned + .2,
  yes: ({ learned, verified }) =>
    `After the same number of updates at the same rate, ${
      percent(verified)
    } of held-out sums are right with a reward that a program verifies, and ${
      percent(learned)
    } with the learned one.`,
  no: ({ learned, verified }) =>
    `After the same number of updates at the same rate, ${
      percent(verified)
    } of held-out sums are right with a reward that a program verifies, and ${
      percent(learned)
    } with the learned one.`,
  cases: { yes: { learned: 0, verified: .7 }, no: { learned: .6, verified: .7 } },
};

/** A second judge from the hacked answers. */
export const judgeLearnsTheHack: Claim<
  {
    readonly before: number;
    readonly after: number;
    /** What the second judge gives the answers of a new run, and how many of them are right. */
    readonly judged: number;
    readonly right: number;
  }
> = {
  name: "a judge that has seen the hacks no longer likes them",
  holds: ({ before, after }) => after < before / 2,
  yes: ({ before, after, judged, right }) =>
    `The first judge gives the hacked answers ${percent(before)}, the second ${percent(after)}. ${
      judged > right + .2 ? "But a new run finds new ones: after it" : "After a new run"
    }, the second judge gives ${percent(judged)}, and ${percent(right)} of the answers are really right.`,
  no: ({ before, after, judged, right }) =>
    `The first judge gives the answers at the end of its run ${percent(before)}, the second ${
      percent(after)
    }. After a new run, the second judge gives ${percent(judged)}, and ${
      percent(right)
    } of the answers are really right.`,
  cases: {
    yes: { before: .62, after: .01, judged: .6, right: .1 },
    no: { before: .62, after: .6, judged: .6, right: .1 },
  },
};
