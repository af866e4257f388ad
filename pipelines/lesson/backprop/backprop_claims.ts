/**
 * What the lesson on backpropagation claims about its results.
 *
 * @module
 */
import { type Claim, isLower, type Pair } from "../claim.ts";

const small = (value: number): string => value.toExponential(1);

/** Gradients by hand are those of automatic differentiation. */
export const handIsExact: Claim<{ readonly difference: number }> = {
  name: "gradients by hand differ from automatic ones by rounding only",
  holds: ({ difference }) => difference < 1e-12,
  yes: ({ difference }) =>
    `The two ways differ by at most ${
      small(difference)
    }, which is rounding: they add in different orders and round powers in different places.`,
  no: ({ difference }) => `The two ways differ by up to ${small(difference)}, more than rounding explains.`,
  cases: { yes: { difference: 1e-15 }, no: { difference: .1 } },
};

/** Subtracting the maxima does not change the loss. */
export const maximaDoNotMatter: Claim<{ readonly largest: number }> = {
  name: "the loss does not depend on the subtracted maxima",
  holds: ({ largest }) => largest < 1e-8,
  yes: ({ largest }) =>
    `The gradient of \`logitMaxes\` is at most ${
      small(largest)
    } here, and would be 0 without rounding: subtracting the maxima only keeps exp in range, and the loss does not depend on them.`,
  no: ({ largest }) =>
    `The gradient of \`logitMaxes\` is up to ${
      small(largest)
    }, though the loss should not depend on the maxima.`,
  cases: { yes: { largest: 1e-10 }, no: { largest: .1 } },
};

/** An example pushes its target up and everything else down. */
export const targetIsPushedUp: Claim<
  { readonly target: number; readonly least: number; readonly sum: number }
> = {
  name: "an example pushes the logit of its target up and every other one down",
  holds: ({ target, least, sum }) => target < 0 && least >= 0 && Math.abs(sum) < 1e-8,
  yes: ({ target, sum }) =>
    `The first example pushes the logit of its target up (its gradient, times n, is ${
      target.toFixed(2)
    }) and every other logit down, as hard as the letter is probable. The pushes add up to ${
      small(Math.abs(sum))
    }, or 0 without rounding.`,
  no: ({ target, least, sum }) =>
    `The gradient of the first target, times n, is ${target.toFixed(2)}, the least of the others ${
      least.toFixed(2)
    }, and their sum ${small(sum)}.`,
  cases: { yes: { target: -.9, least: .01, sum: 0 }, no: { target: .9, least: -.01, sum: .5 } },
};

/** Batch norm takes away what a bias before it would add. */
export const biasNeverLearns: Claim<Pair> = isLower({
  name: "a bias before batch norm has no gradient",
  yes: ({ value, other }) =>
    `b1, which shifts whole columns, never learns: its largest gradient is ${
      small(value)
    }, less than a millionth of bnBias's ${small(other * 1e6)}.`,
  no: ({ value, other }) =>
    `The largest gradient of b1 is ${small(value)}, more than a millionth of bnBias's ${small(other * 1e6)}.`,
});

/** A single batch says little about the net. */
export const batchesVary: Claim<{ readonly spread: number; readonly change: number }> = {
  name: "the losses of single batches vary more than the net improves",
  holds: ({ spread, change }) => spread > Math.abs(change),
  yes: ({ spread, change }) =>
    `In the last quarter of the steps the losses of single batches have a standard deviation of ${
      spread.toFixed(2)
    }, while their mean changes by ${Math.abs(change).toFixed(2)}: one batch says little about the net.`,
  no: ({ spread, change }) =>
    `In the last quarter of the steps the losses of single batches have a standard deviation of ${
      spread.toFixed(2)
    }, and their mean ${
      change < 0
        ? `falls by ${(-change).toFixed(2)}: the net still learns fast`
        : change > 0
        ? `rises by ${change.toFixed(2)}: the net gets worse`
        : "does not change"
    }.`,
  cases: { yes: { spread: .2, change: -.01 }, no: { spread: .1, change: -.5 } },
};

/** Automatic differentiation gets rounded parameters once they are trained. */
export const trainedDifferMore: Claim<Pair> = isLower({
  name: "after training the two ways differ more",
  yes: ({ value, other }) =>
    `The largest difference is ${small(value)} before training and ${
      small(other)
    } after it. Automatic differentiation gets the parameters in float32; the initial ones are float32 numbers, trained ones have more digits and must be rounded.`,
  no: ({ value, other }) =>
    `The largest difference is ${small(value)} before training and ${
      small(other)
    } after it, though trained parameters have more digits than float32 and must be rounded for automatic differentiation.`,
});
