/**
 * What the lesson on thinking claims about its results.
 *
 * @module
 */
import type { Claim } from "../claim.ts";
import { percent } from "../talks/answer_items.ts";

/** The same weights add better in several steps. */
export const stepsAreBetter: Claim<{ readonly thought: number; readonly direct: number }> = {
  name: "sums are right more often after thoughts",
  holds: ({ thought, direct }) => thought > direct + .2,
  yes: ({ thought, direct }) =>
    `Sampled answers after thoughts are right in ${percent(thought)} of the cases, direct ones in ${
      percent(direct)
    }, with the same weights. Each token of a thought is one more pass through the layers, and needs to add three digits alone.`,
  no: ({ thought, direct }) =>
    `Sampled answers after thoughts are right in ${percent(thought)} of the cases, direct ones in ${
      percent(direct)
    }: here thoughts do not help much.`,
  cases: { yes: { thought: .7, direct: .2 }, no: { thought: .7, direct: .65 } },
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
    } tokens. The reward says nothing about length or thoughts; thoughts are kept because they lead to right sums.`,
  no: ({ before, after }) =>
    `The mean answer had ${before.toFixed(1)} tokens and has ${
      after.toFixed(1)
    }: in these updates it did not grow much.`,
  cases: { yes: { before: 18, after: 31 }, no: { before: 30, after: 31 } },
};

/** Nearly all answers think in the end. */
export const thinkingIsFound: Claim<BeforeAndAfter> = {
  name: "more answers think after rewards",
  holds: ({ before, after }) => after > before + .2,
  yes: ({ before, after }) =>
    `The share of answers with thoughts went from ${percent(before)} to ${percent(after)}.`,
  no: ({ before, after }) =>
    `The share of answers with thoughts was ${percent(before)} and is ${percent(after)}.`,
  cases: { yes: { before: .5, after: .99 }, no: { before: .9, after: .99 } },
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
    } are right after the rewards, ${percent(greedy)} with the likeliest tokens: hardly more than before.`,
  cases: { yes: { before: .43, after: .69, greedy: .92 }, no: { before: .43, after: .45, greedy: .5 } },
};

/** A price for length is followed too. */
export const priceShortens: Claim<{ readonly free: number; readonly priced: number }> = {
  name: "a price for tokens shortens the answers",
  holds: ({ free, priced }) => priced < free - 3,
  yes: ({ free, priced }) =>
    `With the price an answer has ${priced.toFixed(1)} tokens, without it ${
      free.toFixed(1)
    }. The policy does what the reward says, not what its author meant: a price that is too high buys short wrong answers.`,
  no: ({ free, priced }) =>
    `With the price an answer has ${priced.toFixed(1)} tokens, without it ${
      free.toFixed(1)
    }: right sums are worth more than the price.`,
  cases: { yes: { free: 31, priced: 8 }, no: { free: 31, priced: 30 } },
};
