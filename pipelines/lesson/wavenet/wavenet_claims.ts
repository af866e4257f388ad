/**
 * What the lesson on WaveNet claims about its results.
 *
 * @module
 */
import { type Claim, isLower, type Pair } from "../claim.ts";

const four = (value: number): string => value.toFixed(4);

/** More context helps. */
export const contextHelps: Claim<Pair> = isLower({
  name: "eight letters give a lower validation loss than three",
  yes: ({ value, other }) =>
    `With eight letters the validation loss is ${four(value)}, with three ${four(other)}.`,
  no: ({ value, other }) =>
    `With eight letters the validation loss is ${four(value)}, no lower than the ${four(other)} with three.`,
});

/** Nets of about the same size can be compared. How alike their sizes are depends on the alphabet. */
export const sizesAreAlike: Claim<
  { readonly neurons: number; readonly tree: number; readonly flat: number }
> = {
  name: "the tree has about as many parameters as the flat net",
  holds: ({ tree, flat }) => Math.max(tree, flat) <= 1.2 * Math.min(tree, flat),
  yes: ({ neurons, tree, flat }) =>
    `With ${neurons} neurons per layer, this net has about as many parameters as the flat net with eight letters: ${
      tree.toLocaleString("en-US")
    } and ${flat.toLocaleString("en-US")}. So the two can be compared.`,
  no: ({ neurons, tree, flat }) =>
    `With ${neurons} neurons per layer, this net has ${
      tree.toLocaleString("en-US")
    } parameters, and the flat net with eight letters ${
      flat.toLocaleString("en-US")
    }. A difference between the two can also come from their sizes.`,
  cases: {
    yes: { neurons: 68, tree: 100, flat: 120 },
    no: { neurons: 68, tree: 100, flat: 121 },
  },
};

/** A tree in place of one layer. */
export const treeIsBetter: Claim<Pair> = isLower({
  name: "the tree with the bug has a lower validation loss than the flat net",
  yes: ({ value, other }) =>
    `The validation loss of the tree is ${four(value)}, that of the flat net ${
      four(other)
    }. Can the tree do better, or is this all?`,
  no: ({ value, other }) =>
    `The validation loss of the tree is ${four(value)}, no lower than the ${
      four(other)
    } of the flat net. Is the idea bad, or is there a bug?`,
});

/** A bug in shapes does not show in the losses. */
export const bugHides: Claim<{ readonly first: number; readonly last: number }> = {
  name: "the net with the bug learned",
  holds: ({ first, last }) => last < first,
  yes: ({ first, last }) =>
    `No operation failed, no shape was refused, and the net learned: its loss went from ${four(first)} to ${
      four(last)
    }. Only a look at the shapes shows such a bug.`,
  no: ({ first, last }) =>
    `No operation failed and no shape was refused, but the net did not learn: its loss went from ${
      four(first)
    } to ${four(last)}.`,
  cases: { yes: { first: 3.3, last: 2.1 }, no: { first: 3.3, last: 3.4 } },
};

/** Without the bug the net is better. */
export const fixHelps: Claim<Pair> = isLower({
  name: "without the bug the validation loss is lower",
  yes: ({ value, other }) => `Without the bug the validation loss is ${four(value)}, with it ${four(other)}.`,
  no: ({ value, other }) =>
    `Without the bug the validation loss is ${four(value)}, no lower than the ${four(other)} with it.`,
});

/** The same net trained twice, to know which differences mean something. */
export const fixIsNoChance: Claim<Pair> = isLower({
  name: "the fix changes the loss by more than another seed does",
  yes: ({ value, other }) =>
    `Trained once more with another seed, the same net ends ${four(value)} away, less than the ${
      four(other)
    } of the fix.`,
  no: ({ value, other }) =>
    `Trained once more with another seed, the same net ends ${
      four(value)
    } away. The fix changed the loss by ${
      four(other)
    }, so its effect can be chance: differences of this size need more runs.`,
});

/** The largest net is the best. */
export const largestIsBest: Claim<
  { readonly best: string; readonly largest: string; readonly loss: number }
> = {
  name: "the largest net has the lowest validation loss",
  holds: ({ best, largest }) => best === largest,
  yes: ({ best, loss }) => `"${best}" has the lowest validation loss, ${four(loss)}.`,
  no: ({ best, largest, loss }) =>
    `"${best}" has the lowest validation loss, ${four(loss)}, not the largest net, "${largest}".`,
  cases: {
    yes: { best: "larger", largest: "larger", loss: 1.99 },
    no: { best: "flat", largest: "larger", loss: 2.02 },
  },
};

/** Rounding in float32 does not matter. */
export const float32Suffices: Claim<{ readonly steps: number; readonly difference: number }> = {
  name: "float32 and float64 give nearly the same losses",
  holds: ({ difference }) => difference < 1e-4,
  yes: ({ steps, difference }) =>
    `In the first ${
      steps.toLocaleString("en-US")
    } steps of the last net, the losses in float32 differ from those in float64 by at most ${
      difference.toExponential(0)
    }.`,
  no: ({ steps, difference }) =>
    `In the first ${
      steps.toLocaleString("en-US")
    } steps of the last net, a loss in float32 differs from that in float64 by ${four(difference)}.`,
  cases: { yes: { steps: 10, difference: 1e-7 }, no: { steps: 10, difference: .1 } },
};

/** The last part of the training, with a falling rate, lowers the loss. */
export const fallingRateHelps: Claim<Pair> = isLower({
  name: "the loss falls while the learning rate falls",
  yes: ({ value, other }) =>
    `From the middle to the end, while the learning rate falls to 0, the mean loss goes from ${
      other.toFixed(3)
    } to ${value.toFixed(3)}.`,
  no: ({ value, other }) =>
    `From the middle to the end, while the learning rate falls to 0, the mean loss goes from ${
      other.toFixed(3)
    } to ${value.toFixed(3)}: it does not fall.`,
});
