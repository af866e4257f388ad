/**
 * Lesson 2: generates names letter by letter, first by counting which letter follows which, then with a net
 * of one layer that learns the same table by gradient descent.
 *
 * Source: Andrej Karpathy's lecture "The spelled-out intro to language modeling: building makemore".
 *
 * @module
 */
import {
  type BigramSetup,
  countPairs,
  describeNames,
  drawFromCounts,
  keepdimTrap,
  likelihood,
} from "./lesson/bigram/bigram_counting.ts";
import {
  crossEntropyInOne,
  indexInsteadOfOneHot,
  mixedLengths,
  threeParts,
  tripleCounts,
  tunedSmoothing,
} from "./lesson/bigram/bigram_solutions.ts";
import { trainOnAllPairs, trainOnDistinctPairs, trainOnOneName } from "./lesson/bigram/bigram_training.ts";
import { names } from "./lesson/data.ts";
import { lesson } from "./lesson/lesson.ts";
import { Letters } from "./lesson/letters.ts";
import { engineForSmallNets } from "./lesson/net_training.ts";

export default lesson({
  part: 2,
  module: import.meta.url,
  lecture: {
    title: "The spelled-out intro to language modeling: building makemore",
    url: "https://www.youtube.com/watch?v=PaCmpygFfXo",
  },
  next: "makemore-mlp",
  about: "names from pairs of letters: counted, then learned by a net of one layer",
  short: null,
  seed: 2147483647,
  data: names,
  options: {},
  async *run(o, env) {
    const { words } = env.data;
    const setup: BigramSetup = {
      words,
      letters: new Letters(words),
      seed: o.seed,
      mayDiffer: env.reasonToDiffer(),
    };
    yield* describeNames(setup);
    const counts = yield* countPairs(setup);
    const drawn = yield* drawFromCounts(counts, setup);
    yield* keepdimTrap(counts, setup);
    yield* likelihood(counts, setup);
    const engine = await engineForSmallNets(env);
    yield* trainOnOneName(engine, setup);
    const losses = yield* trainOnAllPairs(await env.engine(), setup);
    yield* trainOnDistinctPairs(engine, { ...setup, counts, drawn, losses });
  },
  exercises: {
    E01: {
      ask:
        "Train a trigram model, in which two letters predict the third, by counts or by a net. Is its loss lower than the bigram's?",
      uses: ["source", "seed"],
      solution: (_o, env) => tripleCounts(env),
    },
    E02: {
      ask:
        "Split the names at random into 80 % to train on, 10 % to tune on (dev) and 10 % to test on. Train the bigram and the trigram model on the first part only, and evaluate them on the other two.",
      uses: ["source"],
      solution: (_o, env) => threeParts(env),
    },
    E03: {
      ask:
        "Tune the smoothing of the trigram model on the dev part. Then evaluate it on the test part, once. What about longer contexts?",
      uses: ["source"],
      solution: (_o, env) => tunedSmoothing(env),
    },
    E04: {
      ask:
        "A one-hot row times W only selects a row of W. Select the row by its number instead. Are the losses the same?",
      uses: ["source", "seed", "device"],
      solution: (_o, env) => indexInsteadOfOneHot(env),
    },
    E05: {
      ask:
        "Use a cross-entropy function instead of exp, sum, divide, log and mean. Does it give the same loss? Why is it better?",
      uses: ["source", "seed", "device"],
      solution: (_o, env) => crossEntropyInOne(env),
    },
    E06: {
      ask: "Invent an exercise of your own, and solve it.",
      uses: ["source", "seed"],
      solution: (_o, env) => mixedLengths(env),
    },
  },
});
