/**
 * Lesson 1: what a derivative is, how a number can remember how it was computed, and how a net of such
 * numbers learns.
 *
 * Source: Andrej Karpathy's lecture "The spelled-out intro to neural networks and backpropagation: building
 * micrograd".
 *
 * @module
 */
import { lesson } from "./lesson/lesson.ts";
import {
  derivatives,
  harderExpressions,
  oneExpression,
  oneNeuron,
  valueUsedTwice,
} from "./lesson/micrograd/expressions.ts";
import {
  gradientByDifference,
  gradientByFormula,
  gradientBySymmetricDifference,
  softmaxLoss,
} from "./lesson/micrograd/micrograd_solutions.ts";
import { points, twoMoons } from "./lesson/micrograd/moons.ts";
import { learnFourSamples, learnPoints, sameWithTensors } from "./lesson/micrograd/training.ts";

export default lesson({
  part: 1,
  module: import.meta.url,
  lecture: {
    title: "The spelled-out intro to neural networks and backpropagation: building micrograd",
    url: "https://www.youtube.com/watch?v=VMj-3S1tku0",
  },
  next: "makemore-bigram",
  about: "derivatives, backpropagation through scalars, a net that separates two moons",
  short: null,
  seed: 1337,
  data: points,
  options: {},
  async *run(o, env) {
    const mayDiffer = env.reasonToDiffer(), ownPoints = env.data.points, { seed } = o;
    yield* derivatives();
    yield* oneExpression();
    yield* oneNeuron();
    yield* valueUsedTwice();
    yield* learnFourSamples(seed);
    yield* harderExpressions(seed, mayDiffer);
    const data = ownPoints ?? twoMoons(100, { noise: .1, seed });
    const losses = yield* learnPoints(data, { areMoons: ownPoints === null, seed, mayDiffer });
    yield* sameWithTensors(data, { seed, engine: await env.engine(), losses });
  },
  exercises: {
    E01: {
      ask:
        "Write down the gradient of f(a, b, c) = -a³ + sin(3b) - 1/c + b^2.5 - a^0.5 as formulas, and compute it at (2, 3, 4).",
      uses: [],
      solution: gradientByFormula,
    },
    E02: {
      ask: "Find the gradient without formulas: evaluate f at points that are a small h apart.",
      uses: [],
      solution: gradientByDifference,
    },
    E03: {
      ask: "There is a better difference, whose error is proportional to h² instead of h. Use it.",
      uses: [],
      solution: gradientBySymmetricDifference,
    },
    E04: {
      ask:
        "Give your Value the operations that it needs for the negative log-likelihood of the softmax of four logits. Compare its gradients with those of another implementation.",
      uses: ["device"],
      solution: (_o, env) => softmaxLoss(env.engine),
    },
  },
});
