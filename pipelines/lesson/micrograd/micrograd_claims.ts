/**
 * What the lesson on micrograd claims about its results.
 *
 * @module
 */
import { type Claim, isLower } from "../claim.ts";

const digits = (value: number): string => String(Number(value.toPrecision(4)));

/** A step along the gradient raises the result. */
export const stepRaises: Claim<{ readonly before: number; readonly after: number }> = {
  name: "a step along the gradient raises L",
  holds: ({ before, after }) => after > before,
  yes: ({ before, after }) => `L rose from ${digits(before)} to ${digits(after)}.`,
  no: ({ before, after }) => `L did not rise: it was ${digits(before)} and is ${digits(after)}.`,
  cases: { yes: { before: -8, after: -7 }, no: { before: -8, after: -9 } },
};

/** The size of the single operations does not matter. */
export const partsAreExact: Claim<{ readonly difference: number }> = {
  name: "tanh from exponentials gives the same gradients",
  holds: ({ difference }) => difference < 1e-12,
  yes: ({ difference }) =>
    `Output and grads are the same up to rounding: no grad differs by more than ${digits(difference)}.`,
  no: ({ difference }) => `The grads are not the same: one differs by ${digits(difference)}.`,
  cases: { yes: { difference: 1e-16 }, no: { difference: .1 } },
};

/** A weight whose input is 0 has no gradient. */
export const noInputNoGradient: Claim<{ readonly input: number; readonly grad: number }> = {
  name: "a weight whose input is zero has no gradient",
  holds: ({ input, grad }) => input === 0 && grad === 0,
  yes: () => "The input x2 is 0, so w2 has grad 0: changing w2 does not change o.",
  no: ({ input, grad }) => `The input x2 is ${digits(input)}, and w2 has grad ${digits(grad)}.`,
  cases: { yes: { input: 0, grad: 0 }, no: { input: 1, grad: .5 } },
};

/** The common mistake makes learning worse. */
export const zeroGradHelps: Claim<{ readonly value: number; readonly other: number }> = isLower({
  name: "setting the grads to zero before each step ends with a lower loss",
  yes: ({ value, other }) =>
    `In the last step the loss is ${digits(value)} with \`zeroGrad\` and ${
      digits(other)
    } without it: the mistake costs.`,
  no: ({ value, other }) =>
    `In the last step the loss is ${digits(value)} with \`zeroGrad\` and ${digits(other)} without it. ${
      other < 1 // less than one sample with an output of the wrong sign adds
        ? "Such a small problem can be solved in spite of the mistake"
        : "Here the mistake costs nothing"
    }, which makes it hard to notice.`,
});

/** The net does what no straight line can. */
export const netBeatsLine: Claim<{ readonly line: number; readonly net: number }> = {
  name: "the net separates the points better than a straight line",
  holds: ({ line, net }) => net > line,
  yes: ({ line, net }) =>
    `The best of many straight lines has ${digits(line)} % of the points on the correct side, the net ${
      digits(net)
    } %.`,
  no: ({ line, net }) =>
    `The net does no better than a straight line here: it has ${
      digits(net)
    } % of the points on the correct side, the line ${digits(line)} %.`,
  cases: { yes: { line: 88, net: 100 }, no: { line: 100, net: 100 } },
};

/** With a smaller learning rate, the loss rises less often. */
export const rateCalms: Claim<{ readonly half: number; readonly early: number; readonly late: number }> = {
  name: "the loss rises less often as the learning rate falls",
  holds: ({ early, late }) => late < early,
  yes: ({ half, early, late }) =>
    `The loss rose in ${early} of the first ${half} steps and in ${late} of the last ${half}: less often as the learning rate falls.`,
  no: ({ half, early, late }) =>
    `The loss rose in ${early} of the first ${half} steps and in ${late} of the last ${half}, not less often, though the learning rate falls.`,
  cases: { yes: { half: 50, early: 12, late: 3 }, no: { half: 50, early: 3, late: 3 } },
};

/** Tensors compute the same as scalars. `difference` is the largest one of a loss, relative to the loss. */
export const tensorsAgree: Claim<{ readonly steps: number; readonly difference: number }> = {
  name: "tensors and scalars have the same losses at first",
  holds: ({ difference }) => difference < 1e-4,
  yes: ({ steps, difference }) =>
    `In the first ${steps} steps no loss differs by more than ${
      digits(difference)
    } of its size. Numbers in float32 have about seven digits, so there is rounding; its effect can grow for a while when the input of a ReLU is close to 0.`,
  no: ({ steps, difference }) =>
    Number.isFinite(difference)
      ? `In the first ${steps} steps a loss differs by ${
        digits(difference)
      } of its size, far more than the rounding of a number in float32.`
      : `In the first ${steps} steps the numbers grow too large to compute with, and a loss is no longer finite.`,
  cases: { yes: { steps: 20, difference: 1e-7 }, no: { steps: 20, difference: .01 } },
};

/** The symmetric difference is the better one. */
export const symmetricIsCloser: Claim<{ readonly value: number; readonly other: number }> = isLower({
  name: "the symmetric difference is closer to the gradient",
  yes: ({ value, other }) =>
    `The largest error is ${digits(value)}, and ${
      digits(other)
    } with the forward difference. Errors proportional to h cancel; what remains is proportional to h².`,
  no: ({ value, other }) =>
    `The largest error is ${digits(value)}, and ${
      digits(other)
    } with the forward difference: with this h, rounding hides that errors proportional to h cancel.`,
});
