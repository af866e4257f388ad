/**
 * What the lesson on tools claims about its results.
 *
 * @module
 */
import type { Claim } from "../claim.ts";
import { percent } from "../talks/answer_items.ts";

/** Shares of answers, by whether they call the calculator. */
interface WithAndWithout {
  /** Share of answers that call the calculator. */
  readonly calls: number;
  /** Share of right answers among those that call the calculator. */
  readonly called: number;
  /** Share of right answers among the others. */
  readonly guessed: number;
}

/** The same weights are right with the calculator and wrong without it. */
export const calculatorIsRight: Claim<WithAndWithout> = {
  name: "answers with the calculator are right far more often",
  holds: ({ calls, called, guessed }) => calls > 0 && calls < 1 && called > guessed + .3,
  yes: ({ called, guessed }) =>
    `Of the answers that call the calculator ${percent(called)} are right, of those that guess ${
      percent(guessed)
    }. The weights are the same: what differs is the path that the sampled tokens take.`,
  no({ calls, called, guessed }) {
    if (calls === 0) return `No answer calls the calculator; ${percent(guessed)} are right.`;
    if (calls === 1) return `All answers call the calculator; ${percent(called)} are right.`;
    return `Of the answers that call the calculator ${percent(called)} are right, of those that guess ${
      percent(guessed)
    }: here the calculator does not help much.`;
  },
  cases: { yes: { calls: .5, called: .9, guessed: .02 }, no: { calls: .5, called: .3, guessed: .2 } },
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
    `The share of answers that call the calculator was ${percent(before)} and is ${percent(after)}.`,
  cases: { yes: { before: .5, after: .98 }, no: { before: .5, after: .55 } },
};

/** Numbers of wrong answers. */
interface Mistakes {
  /** Answers without a call. */
  readonly guesses: number;
  /** Answers whose last call is not for the product that was asked for. */
  readonly otherCalls: number;
  /** Answers whose last call is, but that do not end with its result. */
  readonly otherEnds: number;
}

/** Rewards raise what they are for. */
export const rewardsHelp: Claim<BeforeAndAfter & { readonly greedy: number; readonly wrong: Mistakes }> = {
  name: "more products are right after rewards",
  holds: ({ before, after }) => after > before + .1,
  yes: ({ before, after, greedy, wrong: { guesses, otherCalls, otherEnds } }) =>
    `Of held-out products ${percent(before)} were right before, and ${
      percent(after)
    } are right after the rewards; ${percent(greedy)} if the model always takes the likeliest token. ${
      guesses + otherCalls + otherEnds === 0
        ? "No sampled answer is wrong any more."
        : `Still wrong of the sampled answers: ${guesses} without the calculator, ${otherCalls} with a call for something else, ${otherEnds} with another end than the result.`
    }`,
  no: ({ before, after, greedy }) =>
    `Of held-out products ${percent(before)} were right before, and ${
      percent(after)
    } are right after the rewards; ${
      percent(greedy)
    } if the model always takes the likeliest token. The rewards did not help much.`,
  cases: {
    yes: { before: .46, after: .86, greedy: .98, wrong: { guesses: 9, otherCalls: 4, otherEnds: 1 } },
    no: { before: .46, after: .48, greedy: .5, wrong: { guesses: 40, otherCalls: 4, otherEnds: 8 } },
  },
};

/** Calls make answers longer. */
export const answersGetLonger: Claim<
  BeforeAndAfter & {
    /** Tokens of an answer with a call and of one without, before the rewards; 0 if there is none. */
    readonly called: number;
    readonly guessed: number;
  }
> = {
  name: "answers become longer",
  holds: ({ before, after }) => after > before + 1,
  yes: ({ before, after, called, guessed }) =>
    `An answer has ${after.toFixed(1)} tokens now, and had ${before.toFixed(1)}${
      called > 0 && guessed > 0
        ? `: one with a call had ${called.toFixed(1)} then, and a guess ${guessed.toFixed(1)}`
        : ""
    }.`,
  no: ({ before, after }) => `An answer has ${after.toFixed(1)} tokens now, and had ${before.toFixed(1)}.`,
  cases: {
    yes: { before: 11.3, after: 16.8, called: 17.1, guessed: 5.4 },
    no: { before: 11.3, after: 11.5, called: 17.1, guessed: 5.4 },
  },
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
