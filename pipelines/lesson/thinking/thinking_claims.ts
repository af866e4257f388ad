/**
 * What the lesson on thinking claims about its results.
 *
 * @module
 */
import type { Claim } from "../claim.ts";
import { percent } from "../talks/answer_items.ts";

/** Shares of right sums. */
interface RightShares {
  /** Share among the answers after thoughts. */
  readonly thought: number;
  /** Share among the others. */
  readonly direct: number;
}

/** The same weights add better in several steps. `thinking` is the share of answers with thoughts. */
export const stepsAreBetter: Claim<RightShares & { readonly thinking: number }> = {
  name: "sums are right more often after thoughts",
  holds: ({ thinking, thought, direct }) => thinking > 0 && thinking < 1 && thought > direct + .2,
  yes: ({ thought, direct }) =>
    `Sampled answers after thoughts are right in ${percent(thought)} of the cases, direct ones in ${
      percent(direct)
    }, with the same weights. Each token of a thought is one more pass through the layers, and needs to add three digits alone.`,
  no({ thinking, thought, direct }) {
    if (thinking === 0) return `No sampled answer has thoughts; ${percent(direct)} are right.`;
    if (thinking === 1) return `All sampled answers have thoughts; ${percent(thought)} are right.`;
    return `Sampled answers after thoughts are right in ${percent(thought)} of the cases, direct ones in ${
      percent(direct)
    }: here thoughts do not help much.`;
  },
  cases: {
    yes: { thinking: .5, thought: .7, direct: .2 },
    no: { thinking: .5, thought: .7, direct: .65 },
  },
};

/** A mean before and after reinforcement learning. */
interface BeforeAndAfter {
  readonly before: number;
  readonly after: number;
}

/** Answers grow although nobody rewards length. */
export const lengthGrows: Claim<BeforeAndAfter> = {
  name: "answers grow longer unasked",
  holds: ({ before, after }) => after > 1.2 * before,
  yes: ({ before, after }) =>
    `The mean answer grew from ${before.toFixed(1)} to ${
      after.toFixed(1)
    } tokens. The reward says nothing about length or thoughts.`,
  no: ({ before, after }) =>
    `The mean answer had ${before.toFixed(1)} tokens and has ${
      after.toFixed(1)
    }: in these updates it did not grow much.`,
  cases: { yes: { before: 18, after: 31 }, no: { before: 30, after: 31 } },
};

/** Nearly all answers think in the end. */
export const thinkingIsFound: Claim<BeforeAndAfter & RightShares> = {
  name: "more answers think after rewards",
  holds: ({ before, after }) => after > before + .2,
  yes: ({ before, after, thought, direct }) =>
    `The share of answers with thoughts went from ${percent(before)} to ${percent(after)}${
      thought > direct ? ": they were right more often, and the reward is for right sums alone" : ""
    }.`,
  no: ({ before, after }) =>
    `The share of answers with thoughts was ${percent(before)} and is ${percent(after)}.`,
  cases: {
    yes: { before: .5, after: .99, thought: .7, direct: .2 },
    no: { before: .9, after: .99, thought: .7, direct: .2 },
  },
};

/** More sums are right. */
export const moreAreRight: Claim<BeforeAndAfter & { readonly greedy: number }> = {
  name: "more sums are right after rewards",
  holds: ({ before, after }) => after > before + .05,
  yes: ({ before, after, greedy }) =>
    `Of held-out sums ${percent(before)} were right before and ${
      percent(after)
    } are right after the rewards, ${percent(greedy)} with the likeliest tokens.`,
  no: ({ before, after, greedy }) =>
    `Of held-out sums ${percent(before)} were right before and ${
      percent(after)
    } are right after the rewards, ${
      percent(greedy)
    } with the likeliest tokens. The rewards did not help much.`,
  cases: { yes: { before: .43, after: .69, greedy: .92 }, no: { before: .43, after: .45, greedy: .5 } },
};

/** Answers after rewards with or without a price. */
interface Priced {
  /** Mean number of tokens. */
  readonly tokens: number;
  /** Share of right sums. */
  readonly right: number;
}

/** A price for length is followed too. */
export const priceShortens: Claim<{ readonly free: Priced; readonly priced: Priced }> = {
  name: "a price for tokens shortens the answers",
  holds: ({ free, priced }) => priced.tokens < free.tokens - 3,
  yes: ({ free, priced }) =>
    `${withAndWithout({ free, priced })}. ${
      priced.right < free.right - .1
        ? "The policy does what the reward says, not what its author meant: a price that is too high buys short wrong answers."
        : "The shorter answers are not much worse."
    }`,
  no: ({ free, priced }) => `${withAndWithout({ free, priced })}: this price does not shorten them much.`,
  cases: {
    yes: { free: { tokens: 31, right: .7 }, priced: { tokens: 8, right: .2 } },
    no: { free: { tokens: 31, right: .7 }, priced: { tokens: 30, right: .7 } },
  },
};

function withAndWithout({ free, priced }: { readonly free: Priced; readonly priced: Priced }): string {
  return `With the price an answer has ${priced.tokens.toFixed(1)} tokens and ${
    percent(priced.right)
  } are right, without it ${free.tokens.toFixed(1)} and ${percent(free.right)}`;
}
