/**
 * What the lesson on a GPT for characters claims about its results.
 *
 * @module
 */
import { type Claim, isLower, type Pair } from "../claim.ts";

const two = (value: number): string => value.toFixed(2), three = (value: number): string => value.toFixed(3);

/** Random logits are worse than no preference. */
export const randomLogitsAreWorse: Claim<{ readonly first: number; readonly uniform: number }> = {
  name: "the untrained bigram model is worse than knowing nothing",
  holds: ({ first, uniform }) => first > uniform,
  yes: ({ first, uniform }) =>
    `At step 0 the validation loss is ${two(first)}, more than ${
      two(uniform)
    }: random logits prefer some characters without reason.`,
  no: ({ first, uniform }) => `At step 0 the validation loss is ${two(first)}, no more than ${two(uniform)}.`,
  cases: { yes: { first: 4.7, uniform: 4.2 }, no: { first: 4.1, uniform: 4.2 } },
};

/** The trained table is as good as a counted one. */
export const bigramReachesCounts: Claim<{ readonly trained: number; readonly counted: number }> = {
  name: "training reaches the loss of counted pairs",
  holds: ({ trained, counted }) => Math.abs(trained - counted) < .05,
  yes: ({ trained, counted }) =>
    `Training ends at a validation loss of ${
      two(trained)
    }. Counting the pairs of the training text gives nearly the same, ${
      two(counted)
    }: both see the last character alone.`,
  no: ({ trained, counted }) =>
    `Training ends at a validation loss of ${two(trained)}. Counting the pairs of the training text gives a ${
      counted < trained ? "lower" : "higher"
    } one, ${two(counted)}.`,
  cases: { yes: { trained: 2.5, counted: 2.48 }, no: { trained: 4, counted: 3 } },
};

/** Weights of attention depend on the contents. */
export const weightsDiffer: Claim<
  { readonly position: number; readonly largest: number; readonly mean: number }
> = {
  name: "an untrained head already weights positions differently",
  holds: ({ largest, mean }) => largest > 1.5 * mean,
  yes: ({ position, largest, mean }) =>
    `Nothing is trained yet, but the weights already differ: the last position gives position ${position} the weight ${
      three(largest)
    }, where a mean gives ${three(mean)}.`,
  no: ({ position, largest, mean }) =>
    `Nothing is trained yet, and the weights differ little: the last position gives position ${position} the largest weight, ${
      three(largest)
    }, where a mean gives ${three(mean)}.`,
  cases: { yes: { position: 3, largest: .5, mean: .125 }, no: { position: 3, largest: .13, mean: .125 } },
};

/** Scores grow with the width of the head. */
export const varianceGrows: Claim<
  { readonly width: number; readonly plain: number; readonly scaled: number }
> = {
  name: "only scaled scores have a variance near one",
  holds: ({ plain, scaled }) => plain > 4 * scaled && scaled > .5 && scaled < 2,
  yes: ({ width, plain, scaled }) =>
    `The scores have variance ${two(plain)}, and ${two(scaled)} after division by √${width}.`,
  no: ({ width, plain, scaled }) =>
    `The scores have variance ${two(plain)}, and ${
      two(scaled)
    } after division by √${width}, which is not near 1.`,
  cases: { yes: { width: 16, plain: 17, scaled: 1.1 }, no: { width: 16, plain: 2, scaled: 2 } },
};

/** Large scores make the softmax choose one position. */
export const largeScoresChoose: Claim<Pair> = isLower({
  name: "larger scores give more weight to one position",
  yes: ({ value, other }) =>
    `The largest weight is ${three(value)}, and ${
      three(other)
    } with the scores times 8. At the start of training this is too early: the position is chosen by chance, and the others hardly get a gradient.`,
  no: ({ value, other }) =>
    `The largest weight is ${three(value)}, and ${three(other)} with the scores times 8.`,
});

/** Four heads cost as much as one. */
export const headsAreFree: Claim<{ readonly one: number; readonly four: number }> = {
  name: "four narrow heads have as many parameters as a wide one",
  holds: ({ one, four }) => one === four,
  yes: ({ one }) =>
    `One head and four heads have the same number of parameters, ${one.toLocaleString("en-US")}.`,
  no: ({ one, four }) =>
    `One head has ${one.toLocaleString("en-US")} parameters, four heads ${four.toLocaleString("en-US")}.`,
  cases: { yes: { one: 7553, four: 7553 }, no: { one: 7553, four: 8000 } },
};

/** A model with another part than the one before it. */
interface NextModel extends Pair {
  readonly name: string;
}

/** Each part of a block lowers the loss. */
export const partHelps: Claim<NextModel> = {
  name: "each new part lowers the validation loss",
  holds: ({ value, other }) => value < other,
  yes: ({ name, value, other }) =>
    `"${name}" lowers the validation loss from ${three(other)} to ${three(value)}.`,
  no: ({ name, value, other }) =>
    `"${name}" does not lower the validation loss: it was ${three(other)} and is ${three(value)}.`,
  cases: {
    yes: { name: "four heads", value: 2.3, other: 2.4 },
    no: { name: "four heads", value: 2.4, other: 2.3 },
  },
};

/** "0.123 above", or below. */
const distance = (gap: number): string => `${three(Math.abs(gap))} ${gap < 0 ? "below" : "above"}`;

/** Dropout is for models that overfit. */
export const smallNeedsNoDropout: Claim<
  { readonly with: number; readonly without: number; readonly gap: number }
> = {
  name: "dropout does not help a model that hardly overfits",
  holds: ({ with: value, without, gap }) => value >= without && gap < .1,
  yes: ({ with: value, without, gap }) =>
    `Without dropout the validation loss is ${
      distance(gap)
    } the training loss: this small model hardly overfits. Dropout does not help it: with dropout, the validation loss is ${
      three(value)
    } instead of ${three(without)}.`,
  no: ({ with: value, without, gap }) =>
    `Without dropout the validation loss is ${distance(gap)} the training loss. With dropout it is ${
      three(value)
    } instead of ${three(without)}.`,
  cases: { yes: { with: 2.1, without: 2.06, gap: .05 }, no: { with: 2, without: 2.06, gap: .3 } },
};

/** All parts together. */
export const allPartsHelpMost: Claim<Pair> = isLower({
  name: "the model with all parts has a lower loss than bigrams",
  yes: ({ value, other }) =>
    `All parts together lower the validation loss from ${three(other)} to ${three(value)}.`,
  no: ({ value, other }) =>
    `All parts together do not lower the validation loss: it was ${three(other)} and is ${three(value)}.`,
});

/** Whether a model has begun to learn its text by heart. */
export const noOverfitting: Claim<
  {
    readonly step: number;
    readonly train: number;
    readonly validation: number;
    /** The estimate with the lowest validation loss. */
    readonly lowest: { readonly step: number; readonly train: number };
  }
> = {
  name: "the validation loss is lowest at the last step",
  holds: ({ step, lowest }) => step === lowest.step,
  yes: ({ train, validation }) =>
    `At the end the validation loss is ${two(validation)} and the training loss ${
      two(train)
    }. The validation loss is lowest at the last step, so the model does not overfit yet.`,
  no: ({ train, validation, lowest }) =>
    `At the end the validation loss is ${two(validation)} and the training loss ${
      two(train)
    }. The validation loss was lower at step ${lowest.step.toLocaleString("en-US")}${
      train < lowest.train
        ? `. Since then the training loss has fallen from ${two(lowest.train)}: the model overfits`
        : ""
    }.`,
  cases: {
    yes: { step: 2000, train: 1.6, validation: 1.8, lowest: { step: 2000, train: 1.6 } },
    no: { step: 2000, train: 1.2, validation: 1.9, lowest: { step: 1000, train: 1.5 } },
  },
};

/** Another text first. */
export const pretrainingHelps: Claim<Pair> = isLower({
  name: "the loss is lower after another text",
  yes: ({ value, other }) =>
    `At the end, the validation loss is ${three(value)} after the other text and ${three(other)} without it.`,
  no: ({ value, other }) =>
    `At the end, the validation loss is ${three(value)} after the other text and ${
      three(other)
    } without it: the other text did not help.`,
});

/** At first the other text helps as well. */
export const pretrainedStartsLower: Claim<Pair> = isLower({
  name: "the loss starts lower after another text",
  yes: ({ value, other }) =>
    `At the start, before any step on this text, the loss is ${three(value)} after the other text and ${
      three(other)
    } without it.`,
  no: ({ value, other }) =>
    `At the start, before any step on this text, the loss is ${
      three(value)
    } after the other text, no lower than the ${three(other)} without it.`,
});

/** The change that a search found. */
export const squaredReluHelps: Claim<Pair> = isLower({
  name: "the loss is lower with the squared ReLU",
  yes: ({ value, other }) =>
    `With the squared ReLU the validation loss is ${three(value)}, without it ${three(other)}.`,
  no: ({ value, other }) =>
    `With the squared ReLU the validation loss is ${three(value)}, no lower than the ${
      three(other)
    } without it.`,
});

/** A tied output layer needs other initial weights. */
export const tyingNeedsOtherWeights: Claim<{ readonly tied: number; readonly untied: number }> = {
  name: "the tied output layer starts with a higher loss",
  holds: ({ tied, untied }) => tied > untied,
  yes: ({ tied, untied }) =>
    `With the tied output layer, the validation loss starts at ${tied.toFixed(1)} instead of ${
      untied.toFixed(1)
    }: torch draws embeddings with variance 1, which is far too large for an output layer. A feature of one paper may need the initial weights of another.`,
  no: ({ tied, untied }) =>
    `With the tied output layer, the validation loss starts at ${tied.toFixed(1)}, and at ${
      untied.toFixed(1)
    } without it.`,
  cases: { yes: { tied: 40, untied: 4.4 }, no: { tied: 4, untied: 4.4 } },
};

/** The model finds the rule, and all at once. */
export const ruleIsFound: Claim<
  { readonly correct: number; readonly guess: number; readonly first: number; readonly last: number }
> = {
  name: "the model finds the rule of addition",
  holds: ({ correct }) => correct >= 99,
  yes: ({ correct, guess, first, last }) =>
    `A digit chosen at random has a loss of ln 10 = ${two(guess)}. The loss went from ${two(first)} to ${
      last.toPrecision(2)
    }, and ${correct.toFixed(1)} % of the sums that the model never saw are right: it has found the rule.`,
  no: ({ correct, guess, first, last }) =>
    `A digit chosen at random has a loss of ln 10 = ${two(guess)}. The loss went from ${two(first)} to ${
      last.toPrecision(2)
    }, and only ${correct.toFixed(1)} % of the sums that the model never saw are right.`,
  cases: {
    yes: { correct: 99.8, guess: 2.3, first: 2.4, last: .01 },
    no: { correct: 40, guess: 2.3, first: 2.4, last: .8 },
  },
};
