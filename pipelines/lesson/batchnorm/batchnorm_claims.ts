/**
 * What the lesson on batch norm claims about its results.
 *
 * @module
 */
import { type Claim, isLower, type Pair } from "../claim.ts";

const one = (value: number): string => value.toFixed(1);
const two = (value: number): string => value.toFixed(2);
const four = (value: number): string => value.toFixed(4);
const percent = (fraction: number): string => `${one(100 * fraction)} %`;

/** The untrained net is confident of wrong letters. */
export const tooConfidentAtStart: Claim<{ readonly first: number; readonly uniform: number }> = {
  name: "the first loss is above that of knowing nothing",
  holds: ({ first, uniform }) => first > uniform,
  yes: ({ first, uniform }) =>
    `The first loss, ${four(first)}, is above ${
      four(uniform)
    }, because the logits are large: the net is confident, and mostly wrong.`,
  no: ({ first, uniform }) =>
    `The first loss, ${four(first)}, is not above ${four(uniform)}: these logits do no harm.`,
  cases: { yes: { first: 27, uniform: 3.3 }, no: { first: 3.2, uniform: 3.3 } },
};

/** Small last weights take the steep part from the loss curve. */
export const noHockeyStick: Claim<Pair> = isLower({
  name: "with small last weights the loss starts less steeply",
  yes: ({ value, other }) =>
    `In the first 100 steps the loss fell by ${two(other)} with the weights as drawn and by ${
      two(value)
    } with small ones: the start is less steep.`,
  no: ({ value, other }) =>
    `In the first 100 steps the loss fell by ${two(other)} with the weights as drawn and by ${
      two(value)
    } with small ones, which is no less.`,
});

/** Small first weights leave tanh the range in which it has a slope. */
export const lessSaturation: Claim<Pair> = isLower({
  name: "smaller first weights saturate fewer units",
  yes: ({ value, other }) =>
    `Of all units, ${percent(other)} are beyond ±0.99 as drawn, and ${percent(value)} with smaller weights.`,
  no: ({ value, other }) =>
    `Of all units, ${percent(other)} are beyond ±0.99 as drawn, and ${
      percent(value)
    } with smaller weights, which is no less.`,
});

/** Dividing by √n keeps the standard deviation. */
export const rootKeepsStd: Claim<{ readonly before: number; readonly after: number }> = {
  name: "weights divided by the root of the number of inputs keep the standard deviation",
  holds: ({ before, after }) => Math.abs(after / before - 1) < .1,
  yes: ({ before, after }) =>
    `Divided by the root, the weights keep the standard deviation: ${two(before)} before, ${
      two(after)
    } after.`,
  no: ({ before, after }) =>
    `Divided by the root, the weights do not keep the standard deviation: ${two(before)} before, ${
      two(after)
    } after.`,
  cases: { yes: { before: 1, after: 1.02 }, no: { before: 1, after: 3 } },
};

/** Better initial weights end with a lower loss. */
export const smallerIsBetter: Claim<
  { readonly drawn: number; readonly last: number; readonly both: number }
> = {
  name: "smaller initial weights in both layers lower the dev loss",
  holds: ({ drawn, last, both }) => both < drawn && both < last,
  yes: ({ drawn, last, both }) =>
    `The dev loss is ${four(drawn)} with the weights as drawn, ${four(last)} with a smaller last layer, and ${
      four(both)
    } with both layers smaller.`,
  no: ({ drawn, last, both }) =>
    `The dev loss is ${four(drawn)} with the weights as drawn, ${four(last)} with a smaller last layer, and ${
      four(both)
    } with both layers smaller, which is not the lowest.`,
  cases: { yes: { drawn: 2.17, last: 2.13, both: 2.1 }, no: { drawn: 2.1, last: 2.13, both: 2.17 } },
};

/** A shallow net learns with any initial weights. */
export const shallowNetsLearn: Claim<
  { readonly worst: number; readonly best: number; readonly uniform: number }
> = {
  name: "a net with one hidden layer learns even with poor initial weights",
  holds: ({ worst, uniform }) => worst < .9 * uniform,
  yes: ({ worst, best, uniform }) =>
    `The dev losses are between ${two(best)} and ${two(worst)}, all well below the ${
      two(uniform)
    } of knowing nothing: a net with one hidden layer can still learn with poor initial weights.`,
  no: ({ worst, best, uniform }) =>
    `The dev losses are between ${two(best)} and ${two(worst)}, where knowing nothing gives ${
      two(uniform)
    }: not every version is well below that.`,
  cases: { yes: { worst: 2.4, best: 2.1, uniform: 3.3 }, no: { worst: 3.2, best: 2.1, uniform: 3.3 } },
};

/** Running statistics are as good as measured ones. */
export const runningSuffices: Claim<
  { readonly running: number; readonly measured: number; readonly steps: number }
> = {
  name: "running statistics are as good as measured ones",
  holds: ({ running, measured }) => running < measured + .01,
  yes: ({ running, measured }) =>
    `Running values need no second pass over the data, and are ${
      running > measured - .01 ? "as good" : "even better here"
    }: the dev loss is ${four(running)} with them and ${four(measured)} with measured values.`,
  no: ({ running, measured, steps }) =>
    `Running values need no second pass over the data, but are not as good here: the dev loss is ${
      four(running)
    } with them and ${four(measured)} with measured values. After ${
      steps.toLocaleString("en-US")
    } steps, the initial values have a weight of ${percent(.999 ** steps)} in them.`,
  cases: {
    yes: { running: 2.105, measured: 2.106, steps: 8000 },
    no: { running: 2.5, measured: 2.1, steps: 500 },
  },
};

/** All layers use the range of tanh. */
export const layersUseTanh: Claim<{ readonly saturated: number; readonly std: number }> = {
  name: "all layers of the deep net use the range of tanh, and few units are saturated",
  holds: ({ saturated, std }) => saturated < .05 && std > .3,
  yes: ({ saturated, std }) =>
    `The activations of each layer have a standard deviation of at least ${two(std)}, and at most ${
      percent(saturated)
    } of them are saturated, which means beyond ±0.97. So all layers use the range of tanh, and few units are at its ends.`,
  no: ({ saturated, std }) =>
    `The activations of each layer have a standard deviation of at least ${two(std)}, and up to ${
      percent(saturated)
    } of them are saturated, which means beyond ±0.97${
      std > .3 ? "" : ": not all layers use much of the range of tanh"
    }.`,
  cases: { yes: { saturated: .02, std: .6 }, no: { saturated: .3, std: .8 } },
};

/** Gradients keep their size on the way back. */
export const gradientsKeepSize: Claim<{ readonly ratio: number }> = {
  name: "gradients neither vanish nor grow on the way back",
  holds: ({ ratio }) => ratio < 2,
  yes: ({ ratio }) =>
    `The largest standard deviation of a layer's gradients is ${
      one(ratio)
    } times the smallest: the gradients neither vanish nor grow on the way back.`,
  no: ({ ratio }) =>
    `The largest standard deviation of a layer's gradients is ${
      one(ratio)
    } times the smallest: the gradients do not keep their size on the way back.`,
  cases: { yes: { ratio: 1.3 }, no: { ratio: 5 } },
};

/** The gradient of the last weight is larger than the others. */
export const lastGradientIsLargest: Claim<{ readonly last: number; readonly others: number }> = {
  name: "the last weight has the largest gradient",
  holds: ({ last, others }) => last > others,
  yes: ({ last, others }) =>
    `The standard deviation of the last weight's gradient is ${
      one(last / others)
    } times the largest of the others.`,
  no: ({ last, others }) =>
    `The standard deviation of the last weight's gradient is ${
      two(last / others)
    } times the largest of the others, so it is not the largest.`,
  cases: { yes: { last: .01, others: .005 }, no: { last: .004, others: .005 } },
};

/** Updates larger than a thousandth of the weights say that the rate is high. */
export const rateIsHigh: Claim<
  { readonly least: number; readonly most: number; readonly above: number; readonly of: number }
> = {
  name: "most weights move by more than a thousandth of their size per step",
  holds: ({ above, of }) => above > of / 2,
  yes: ({ least, most, above, of }) =>
    `At the last step the values are between ${one(least)} and ${
      one(most)
    }. ${above} of ${of} are above -3, so this rate is rather high.`,
  no: ({ least, most, above, of }) =>
    `At the last step the values are between ${one(least)} and ${
      one(most)
    }. ${above} of ${of} are above -3, so this rate is not too high.`,
  cases: { yes: { least: -3, most: -1, above: 5, of: 7 }, no: { least: -4, most: -2, above: 1, of: 7 } },
};

/** Without batch norm, the gain decides whether activations shrink. */
export const gainOneShrinks: Claim<{ readonly one: Pair; readonly more: Pair }> = {
  name: "without batch norm, activations shrink more with the gain one than with five thirds",
  holds: ({ one, more }) => one.other / one.value < more.other / more.value,
  yes: ({ one, more }) =>
    `Without batch norm, the standard deviation of tanh 1 and tanh 5 is ${two(one.value)} and ${
      two(one.other)
    } with a gain of 1, and ${two(more.value)} and ${two(more.other)} with 5/3: it shrinks less.`,
  no: ({ one, more }) =>
    `Without batch norm, the standard deviation of tanh 1 and tanh 5 is ${two(one.value)} and ${
      two(one.other)
    } with a gain of 1, and ${two(more.value)} and ${two(more.other)} with 5/3: it shrinks no less.`,
  cases: {
    yes: { one: { value: .6, other: .3 }, more: { value: .7, other: .65 } },
    no: { one: { value: .6, other: .6 }, more: { value: .7, other: .3 } },
  },
};

/** With batch norm, the scale of the weights matters little. */
export const normEvensOut: Claim<{ readonly lowest: number; readonly highest: number }> = {
  name: "with batch norm all scales give nearly the same activations",
  holds: ({ lowest, highest }) => highest - lowest < .05,
  yes: ({ lowest, highest }) =>
    `With batch norm, tanh 5 has standard deviations from ${lowest.toFixed(3)} to ${
      highest.toFixed(3)
    }: all scales give nearly the same activations, even weights as they are drawn.`,
  no: ({ lowest, highest }) =>
    `With batch norm, tanh 5 has standard deviations from ${lowest.toFixed(3)} to ${
      highest.toFixed(3)
    }: the scale still matters.`,
  cases: { yes: { lowest: .62, highest: .63 }, no: { lowest: .3, highest: .6 } },
};

/** An unscaled layer multiplies by √n, forwards and backwards. */
export const layerMultipliesByRoot: Claim<
  { readonly forward: number; readonly backward: number; readonly root: number }
> = {
  name: "an unscaled layer multiplies standard deviations by the root of its inputs",
  holds: ({ forward, backward, root }) =>
    Math.abs(forward / root - 1) < .1 && Math.abs(backward / root - 1) < .1,
  yes: ({ forward, backward, root }) =>
    `The forward pass multiplies the standard deviation by ${one(forward)} and the backward pass by ${
      one(backward)
    }: both are near √1000 = ${one(root)}, and every further layer does it again.`,
  no: ({ forward, backward, root }) =>
    `The forward pass multiplies the standard deviation by ${one(forward)} and the backward pass by ${
      one(backward)
    }: not both are near √1000 = ${one(root)}.`,
  cases: {
    yes: { forward: 31, backward: 32, root: 31.6 },
    no: { forward: 1, backward: 32, root: 31.6 },
  },
};

/** With zeros, only the last bias learns. */
export const onlyBiasLearns: Claim<{ readonly learned: readonly string[] }> = {
  name: "with all weights zero, only the last bias learns",
  holds: ({ learned }) => learned.join() === "layers.4.bias",
  yes: () => "Only the bias of the last layer learns.",
  no: ({ learned }) => `These parameters learn: ${learned.join(", ") || "none"}.`,
  cases: { yes: { learned: ["layers.4.bias"] }, no: { learned: ["layers.2.weight"] } },
};
