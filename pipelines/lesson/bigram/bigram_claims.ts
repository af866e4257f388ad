/**
 * What the lesson on pairs of letters claims about its results.
 *
 * @module
 */
import { type Claim, isLower, type Pair } from "../claim.ts";

const four = (value: number): string => value.toFixed(4);
const above = (gap: number): string => `${four(Math.abs(gap))} ${gap < 0 ? "below" : "above"}`;

/** Names drawn from counts are more like names than random letters. */
export const drawnLookLikeNames: Claim<Pair & { readonly known: number; readonly drawn: number }> = {
  name: "names drawn from the counts are likelier than random letters",
  holds: ({ value, other }) => value < other,
  yes: ({ value, other, known, drawn }) =>
    `Of the first ${drawn} names drawn, ${
      known === 0 ? "none is" : known === 1 ? "one is" : `${known} are`
    } in the data. By these counts their pairs have a loss of ${
      four(value)
    }, and those of letters drawn without counts ${four(other)}.`,
  no: ({ value, other }) =>
    `By these counts the drawn names are no likelier than random letters: their pairs have a loss of ${
      four(value)
    }, and those of letters drawn without counts ${four(other)}.`,
  cases: {
    yes: { value: 2.4, other: 5, known: 1, drawn: 5 },
    no: { value: 5, other: 5, known: 0, drawn: 5 },
  },
};

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

/** Of names that were not counted, some have a letter after a context that it never followed before. */
export const othersNeedSmoothing: Claim<{
  readonly models: readonly { readonly name: string; readonly without: number; readonly best: number }[];
}> = {
  name: "without smoothing, the dev loss is higher",
  holds: ({ models }) => models.every(({ without, best }) => without > best),
  yes: ({ models }) =>
    `Other names need it: ${
      models.some(({ without }) => Number.isFinite(without))
        ? models.map(devLosses).join("; ")
        : "in some of them a letter follows a context that it never followed in the counted names, and without smoothing the loss is infinite"
    }.`,
  no: ({ models }) => `Other names do not always need it: ${models.map(devLosses).join("; ")}.`,
  cases: {
    yes: { models: [{ name: "trigram", without: Infinity, best: 2.2 }] },
    no: { models: [{ name: "trigram", without: 2.1, best: 2.2 }] },
  },
};

function devLosses(
  { name, without, best }: { readonly name: string; readonly without: number; readonly best: number },
): string {
  const loss = Number.isFinite(without) ? four(without) : "infinite";
  return `the dev loss of the ${name} is ${loss} without smoothing, and ${
    four(best)
  } with the best of these amounts`;
}

/** The longer the context, the larger the gap between counted names and others. */
export const longerContextOverfits: Claim<Pair> = isLower({
  name: "the dev loss is further above the train loss with more context",
  yes: ({ value, other }) =>
    `The dev loss is ${above(value)} the train loss for the shorter context, and ${
      above(other)
    } it for the longer one. Contexts of more letters were counted more rarely.`,
  no: ({ value, other }) =>
    `The dev loss is ${above(value)} the train loss for the shorter context, and ${
      above(other)
    } it for the longer one: on these names more context does not widen the gap.`,
});

/** Mixing contexts of all lengths helps. */
export const mixtureIsBetter: Claim<Pair> = isLower({
  name: "the best mixture has a lower dev loss than contexts of one letter",
  yes: ({ value, other }) =>
    `The best mixture has a dev loss of ${four(value)}; with contexts of one letter it is ${four(other)}.`,
  no: ({ value, other }) =>
    `The best mixture has a dev loss of ${four(value)}, no lower than the ${
      four(other)
    } with contexts of one letter.`,
});
