/**
 * What the lesson on Bengio's net claims about its results.
 *
 * @module
 */
import { type Claim, isLower, type Pair } from "../claim.ts";

const two = (value: number): string => value.toFixed(2), four = (value: number): string => value.toFixed(4);
const above = (gap: number): string => `${four(Math.abs(gap))} ${gap < 0 ? "below" : "above"}`;

/** Most rows of a table for three letters are never counted. */
export const mostRowsAreEmpty: Claim<{ readonly rows: number; readonly seen: number }> = {
  name: "most contexts never occur",
  holds: ({ rows, seen }) => seen < rows / 2,
  yes: ({ rows, seen }) =>
    `Only ${seen.toLocaleString("en-US")} of the ${
      rows.toLocaleString("en-US")
    } contexts occur in the names, and the counts of one row say nothing about the others.`,
  no: ({ rows, seen }) =>
    `${seen.toLocaleString("en-US")} of the ${
      rows.toLocaleString("en-US")
    } contexts occur in the names, so a table could do here. But the counts of one row say nothing about the others.`,
  cases: { yes: { rows: 100, seen: 10 }, no: { rows: 100, seen: 90 } },
};

/** With more weights than examples, the net can learn a few examples by heart. */
export const learnsByHeart: Claim<
  { readonly weights: number; readonly examples: number; readonly loss: number; readonly lowest: number }
> = {
  name: "the net learns a few names by heart",
  holds: ({ loss, lowest }) => loss < lowest + .1,
  yes: ({ weights, examples }) =>
    `The net has ${
      weights.toLocaleString("en-US")
    } weights for ${examples} examples, and has learned them by heart.`,
  no: ({ weights, examples, loss, lowest }) =>
    `The net has ${
      weights.toLocaleString("en-US")
    } weights for ${examples} examples, but in these steps it has not learned them by heart: its loss is still ${
      four(loss - lowest)
    } above the lowest possible.`,
  cases: {
    yes: { weights: 3481, examples: 32, loss: .3, lowest: .25 },
    no: { weights: 3481, examples: 32, loss: .5, lowest: .25 },
  },
};

/** The untrained net is confident of wrong letters. */
export const startsConfident: Claim<{ readonly loss: number; readonly uniform: number }> = {
  name: "the untrained net is worse than knowing nothing",
  holds: ({ loss, uniform }) => loss > uniform,
  yes: ({ loss, uniform }) =>
    `If all letters were equally likely, the loss would be ${four(uniform)}. It is ${
      four(loss)
    }: the initial weights are so large that the net is confident, and wrong (exercise E02).`,
  no: ({ loss, uniform }) =>
    `If all letters were equally likely, the loss would be ${four(uniform)}. It is ${
      four(loss)
    }, so the initial weights do no harm here.`,
  cases: { yes: { loss: 17, uniform: 3.3 }, no: { loss: 3.2, uniform: 3.3 } },
};

/** The best learning rate is neither the smallest nor the largest. */
export const ratesHaveValley: Claim<
  { readonly smallest: number; readonly lowest: number; readonly largest: number }
> = {
  name: "the best learning rate is neither the smallest nor the largest",
  holds: ({ smallest, lowest, largest }) => lowest < smallest && lowest < largest,
  yes: ({ smallest, lowest, largest }) =>
    `The mean loss is ${two(smallest)} with the smallest rates, ${two(lowest)} at its lowest point, and ${
      two(largest)
    } with the largest rates: good rates are in the valley.`,
  no: ({ smallest, lowest, largest }) =>
    `The mean loss is ${two(smallest)} with the smallest rates, ${two(lowest)} at its lowest point, and ${
      two(largest)
    } with the largest rates: there is no valley here.`,
  cases: { yes: { smallest: 9, lowest: 2, largest: 20 }, no: { smallest: 9, lowest: 2, largest: 2 } },
};

/** A small net cannot learn its names by heart. */
export const smallNetGeneralizes: Claim<{ readonly train: number; readonly dev: number }> = {
  name: "the small net has not learned names by heart",
  holds: ({ train, dev }) => dev - train < .1,
  yes: ({ train, dev }) =>
    `The dev loss is ${four(dev)}, the train loss ${
      four(train)
    }. So the net has hardly learned names by heart, and a larger one may do better.`,
  no: ({ train, dev }) =>
    `The dev loss is ${four(dev)}, the train loss ${
      four(train)
    }: the net knows the names of its training better than others.`,
  cases: { yes: { train: 2.2, dev: 2.21 }, no: { train: 2, dev: 2.3 } },
};

/** Letters that behave alike get similar vectors. */
export const vowelsAreClose: Claim<Pair> = isLower({
  name: "the vectors of vowels are closer to each other than to other letters",
  yes: ({ value, other }) =>
    `Two vowels are ${two(value)} apart on average, a vowel and another letter ${
      two(other)
    }: the net treats vowels more alike.`,
  no: ({ value, other }) =>
    `Two vowels are ${two(value)} apart on average, a vowel and another letter ${
      two(other)
    }: here the net does not treat vowels more alike.`,
});

/** A larger net does better on names that it never saw. */
export const largerIsBetter: Claim<Pair> = isLower({
  name: "the larger net has a lower dev loss",
  yes: ({ value, other }) =>
    `Its dev loss is ${four(value)}, lower than the ${four(other)} of the smaller net.`,
  no: ({ value, other }) =>
    `Its dev loss is ${four(value)}, not lower than the ${four(other)} of the smaller net.`,
});

/** A smaller learning rate lets the loss settle. */
export const lowerRateSettles: Claim<Pair> = isLower({
  name: "the loss is lower after the learning rate falls",
  yes: ({ value, other }) =>
    `In the last tenth before the rate falls, the mean loss is ${
      two(other)
    }; in the last tenth of all steps it is ${two(value)}.`,
  no: ({ value, other }) =>
    `In the last tenth before the rate falls, the mean loss is ${
      two(other)
    }; in the last tenth of all steps it is ${two(value)}, no lower.`,
});

/** A larger net learns more by heart. */
export const largerNetOverfits: Claim<Pair> = isLower({
  name: "the gap between train and dev is wider for the larger net",
  yes: ({ value, other }) =>
    `The dev loss is ${above(other)} the train loss; for the smaller net it is ${
      above(value)
    } it. Larger nets and longer runs usually widen this gap.`,
  no: ({ value, other }) =>
    `The dev loss is ${above(other)} the train loss; for the smaller net it is ${
      above(value)
    } it. Larger nets and longer runs usually widen this gap, but not here.`,
});

/** Smaller initial weights save many steps. */
export const scaledStartSaves: Claim<{ readonly steps: number; readonly reached: number | null }> = {
  name: "the net with the weights as drawn needs many steps to reach the other one's start",
  holds: ({ reached }) => reached === null || reached >= 20,
  yes: ({ steps, reached }) =>
    `With the weights as drawn, the net ${
      reached === null ? `does not in ${steps} steps reach` : `needs about ${reached} steps to reach`
    } the loss at which the other one starts.`,
  no: ({ steps, reached }) =>
    `With the weights as drawn, the net needs only ${
      reached ?? steps
    } steps to reach the loss at which the other one starts.`,
  cases: { yes: { steps: 2000, reached: 200 }, no: { steps: 2000, reached: 5 } },
};
