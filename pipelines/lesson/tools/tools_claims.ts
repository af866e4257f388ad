/**
 * What the lesson on tools claims about its results.
 *
 * @module
 */
import type { Claim } from "../claim.ts";
import { percent } from "../talks/answer_items.ts";

/** Shares of answers, by whether they call the calculator. */
interface WithAndWithout {
  /** Share of right answers among those that call the calculator. */
  readonly called: number;
  /** Share of right answers among the others. */
  readonly guessed: number;
}

/** The same weights are right with the calculator and wrong without it. */
export const calculatorIsRight: Claim<WithAndWithout> = {
  name: "answers with the calculator are right far more often",
  holds: ({ called, guessed }) => called > guessed + .3,
  yes: ({ called, guessed }) =>
    `Of the answers that call the calculator ${percent(called)} are right, of those that guess ${
      percent(guessed)
    }. The weights are the same: what differs is the path that the first sampled token takes.`,
  no: ({ called, guessed }) =>
    `Of the answers that call the calculator ${percent(called)} are right, of those that guess ${
      percent(guessed)
    }: here the calculator does not make a great difference.`,
  cases: { yes: { called: .9, guessed: .02 }, no: { called: .3, guessed: .2 } },
};

/** A share before and after reinforcement learning. */
interface BeforeAndAfter {
  readonly before: number;
  readonly after: number;
}

/** The model finds out when to call. */
export const callsAreFound: Claim<BeforeAndAfter> = {
  name: "the calculator is called more often after rewards",
  holds: ({ before, after }) => after > before + .2,
  yes: ({ before, after }) =>
    `The share of answers that call the calculator went from ${percent(before)} to ${
      percent(after)
    }. Nobody asked for calls: the reward is for the right product alone.`,
  no: ({ before, after }) =>
    `The share of answers that call the calculator was ${percent(before)} and is ${
      percent(after)
    }: these updates did not find the calculator.`,
  cases: { yes: { before: .5, after: .98 }, no: { before: .5, after: .55 } },
};

/** Rewards raise what they are for. */
export const rewardsHelp: Claim<
  BeforeAndAfter & { readonly greedy: number; readonly guesses: number }
> = {
  name: "more products are right after rewards",
  holds: ({ before, after }) => after > before + .1,
  yes: ({ before, after, greedy, guesses }) =>
    `Of held-out products ${percent(before)} were right before, and ${
      percent(after)
    } are right after the rewards; ${
      percent(greedy)
    } if the model always takes the likeliest token. Of the answers that are still wrong ${
      percent(guesses)
    } are guesses; the others copy a digit wrongly, into the call or out of the result.`,
  no: ({ before, after, greedy }) =>
    `Of held-out products ${percent(before)} were right before, and ${
      percent(after)
    } are right after the rewards; ${
      percent(greedy)
    } if the model always takes the likeliest token. The rewards did not help much.`,
  cases: {
    yes: { before: .46, after: .86, greedy: .98, guesses: .4 },
    no: { before: .46, after: .48, greedy: .5, guesses: .9 },
  },
};

/** Calls make answers longer. */
export const answersGetLonger: Claim<BeforeAndAfter> = {
  name: "answers become longer",
  holds: ({ before, after }) => after > before + 1,
  yes: ({ before, after }) =>
    `An answer has ${after.toFixed(1)} tokens now, and had ${
      before.toFixed(1)
    }: a call takes more tokens than a guess, and it pays.`,
  no: ({ before, after }) => `An answer has ${after.toFixed(1)} tokens now, and had ${before.toFixed(1)}.`,
  cases: { yes: { before: 11.3, after: 16.8 }, no: { before: 11.3, after: 11.5 } },
};

/** Without a tool nothing is to be found. */
export const noToolNoGain: Claim<BeforeAndAfter> = {
  name: "without the calculator rewards hardly help",
  holds: ({ before, after }) => after < before + .1,
  yes: ({ before, after }) =>
    `Without the calculator, ${percent(before)} of the products were right before the rewards and ${
      percent(after)
    } after them. Rewards choose among what a model can already do; they do not teach this one to multiply.`,
  no: ({ before, after }) =>
    `Without the calculator, ${percent(before)} of the products were right before the rewards and ${
      percent(after)
    } after them: these rewards did teach it something.`,
  cases: { yes: { before: .02, after: .03 }, no: { before: .02, after: .4 } },
};
