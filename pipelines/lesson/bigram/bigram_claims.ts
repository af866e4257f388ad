/**
 * What the lesson on pairs of letters claims about its results.
 *
 * @module
 */
import { type Claim, isLower, type Pair } from "../claim.ts";

const four = (value: number): string => value.toFixed(4);

/** Names drawn from counts are more like names than random letters. */
export const drawnLookLikeNames: Claim<Pair> = isLower({
  name: "names drawn from the counts are likelier than random letters",
  yes: ({ value, other }) =>
    `Few are real names, but by these counts their pairs have a loss of ${
      four(value)
    }, and those of letters drawn without counts ${four(other)}.`,
  no: ({ value, other }) =>
    `By these counts the drawn names are no likelier than random letters: their pairs have a loss of ${
      four(value)
    }, and those of letters drawn without counts ${four(other)}.`,
});

/** Without keepdim, rows are no probabilities. */
export const keepdimMatters: Claim<{ readonly correct: number; readonly mistaken: number }> = {
  name: "only with keepdim every row adds up to one",
  holds: ({ correct, mistaken }) => correct < 1e-9 && mistaken > 1e-9,
  yes: ({ mistaken }) =>
    `With keepdim every row adds up to 1; without it, a row's sum is wrong by up to ${four(mistaken)}.`,
  no: ({ correct, mistaken }) =>
    `The largest error of a row's sum is ${four(correct)} with keepdim and ${
      four(mistaken)
    } without: on this data, the mistake does not show.`,
  cases: { yes: { correct: 0, mistaken: 3 }, no: { correct: 0, mistaken: 0 } },
};

/** Smoothing takes from the pairs that occur. */
export const smoothingCosts: Claim<{ readonly losses: readonly number[] }> = {
  name: "the more is added, the higher the loss of the counted names",
  holds: ({ losses }) => losses.every((loss, i) => i === 0 || loss >= losses[i - 1]),
  yes: ({ losses }) =>
    `The more is added, the more equal all probabilities become: the loss of the counted names rises from ${
      four(losses[0])
    } to ${four(losses[losses.length - 1])}.`,
  no: ({ losses }) => `The loss does not rise with every amount: ${losses.map(four).join(", ")}.`,
  cases: { yes: { losses: [2.45, 2.46, 3.3] }, no: { losses: [2.45, 2.4] } },
};

/** A learning rate that would be absurd elsewhere works here. */
export const largeRateWorks: Claim<{ readonly rate: number; readonly losses: readonly number[] }> = {
  name: "the loss falls in every step with the large learning rate",
  holds: ({ losses }) => losses.every((loss, i) => i === 0 || loss < losses[i - 1]),
  yes: ({ rate, losses }) =>
    `The learning rate is ${rate}, which a net as small as this tolerates: the loss fell in each of the ${
      losses.length - 1
    } steps.`,
  no: ({ rate, losses }) =>
    `The learning rate is ${rate}: the loss rose in ${
      losses.filter((loss, i) => i > 0 && loss >= losses[i - 1]).length
    } of ${losses.length - 1} steps.`,
  cases: { yes: { rate: 50, losses: [3, 2] }, no: { rate: 50, losses: [2, 3] } },
};

/** Equal pairs need to be computed only once. */
export const distinctPairsSuffice: Claim<{ readonly steps: number; readonly difference: number }> = {
  name: "computing each different pair once gives the same losses",
  holds: ({ difference }) => difference < 1e-4,
  yes: ({ steps, difference }) =>
    `The first ${steps} losses differ from those before by ${difference.toExponential(0)} at most.`,
  no: ({ steps, difference }) =>
    `The first ${steps} losses are others than those before: they differ by up to ${four(difference)}.`,
  cases: { yes: { steps: 20, difference: 1e-7 }, no: { steps: 20, difference: .1 } },
};

/** Gradient descent finds what counting gives. */
export const netFindsCounts: Claim<{ readonly net: number; readonly counted: number }> = {
  name: "the net comes close to the loss of counting, and not below it",
  holds: ({ net, counted }) => net > counted - 1e-6 && net < counted + .05,
  yes: ({ net, counted }) =>
    `Without the penalty the last loss is ${four(net)}. Counting gave ${
      four(counted)
    }, and no model with one letter of context can have a lower loss on these names.`,
  no: ({ net, counted }) =>
    `Without the penalty the last loss is ${four(net)}. Counting gave ${
      four(counted)
    }, which no model with one letter of context can beat on these names; the net has not come close to it.`,
  cases: { yes: { net: 2.46, counted: 2.454 }, no: { net: 3, counted: 2.454 } },
};

/** Two letters say more than one. */
export const trigramIsBetter: Claim<Pair> = isLower({
  name: "two letters of context give a lower loss than one",
  yes: ({ value, other }) => `The trigram's loss is ${four(value)}, lower than the bigram's ${four(other)}.`,
  no: ({ value, other }) =>
    `The trigram's loss is ${four(value)}, not lower than the bigram's ${four(other)}.`,
});

/** Smoothing matters more in a larger table. */
export const smoothingCostsTrigramMore: Claim<Pair> = isLower({
  name: "adding one costs the trigram more than the bigram",
  yes: ({ value, other }) =>
    `Adding 1 raises the bigram's loss by ${four(value)} and the trigram's by ${
      four(other)
    }: the same number of letters is spread over many more cells, so what is added to each matters more.`,
  no: ({ value, other }) =>
    `Adding 1 raises the bigram's loss by ${four(value)} and the trigram's by ${
      four(other)
    }, though its table has many more cells.`,
});

/** The longer the context, the larger the gap between counted names and others. */
export const longerContextOverfits: Claim<Pair> = isLower({
  name: "the dev loss is further above the train loss with more context",
  yes: ({ value, other }) =>
    `The dev loss is ${four(value)} above the train loss for the shorter context, and ${
      four(other)
    } for the longer one. Contexts of more letters were counted more rarely.`,
  no: ({ value, other }) =>
    `The dev loss is ${four(value)} above the train loss for the shorter context, and ${
      four(other)
    } for the longer one: on these names more context does not widen the gap.`,
});

/** Mixing contexts of all lengths helps. */
export const mixtureIsBetter: Claim<Pair> = isLower({
  name: "the best mixture has a lower dev loss than contexts of one letter",
  yes: ({ value, other }) =>
    `The best mixture has a dev loss of ${four(value)}; with contexts of one letter it is ${four(other)}.`,
  no: ({ value, other }) =>
    `The best mixture has a dev loss of ${four(value)}, no lower than the ${
      four(other)
    } with contexts of one letter: there are too few names for longer contexts.`,
});
