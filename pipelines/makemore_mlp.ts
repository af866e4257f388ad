/**
 * Lesson 3: a net that predicts a letter from the three letters before it. Each letter has an embedding
 * vector, which the net learns.
 *
 * Sources: Andrej Karpathy's lecture "Building makemore part 2: MLP"; Bengio, Ducharme, Vincent and Jauvin
 * 2003, "A neural probabilistic language model".
 *
 * @module
 */
import { integer } from "./cli/option_types.ts";
import { names } from "./lesson/data.ts";
import { notGiven } from "./parts/options/requirements.ts";
import { lesson } from "./lesson/lesson.ts";
import { Letters, splitExamples } from "./lesson/letters.ts";
import { letterVectors, longerContexts, memorizeFive, rateFinder } from "./lesson/mlp/mlp_basics.ts";
import { context, fullRun, type MlpSetup, shortRun, shuffles } from "./lesson/mlp/mlp_setup.ts";
import { mixedWithCounts, scaledStart, tunedNet } from "./lesson/mlp/mlp_solutions.ts";
import { trainFirstNet, trainLargerNet } from "./lesson/mlp/mlp_training.ts";
import { engineForSmallNets, stepsReasonToDiffer } from "./lesson/net_training.ts";

export default lesson({
  part: 3,
  module: import.meta.url,
  lecture: {
    title: "Building makemore Part 2: MLP",
    url: "https://www.youtube.com/watch?v=TCH_1BHY58I",
  },
  next: "makemore-batchnorm",
  about:
    "names from three letters of context: embeddings, a hidden layer, the learning rate, data in three parts",
  short: {
    text: "50,000 of the lecture's 200,000 steps for the larger net",
    unless: ({ steps }) => steps !== null,
  },
  seed: 2147483647,
  spares: ["workers", "blas"], // on the CPU, its small nets run on one thread in WASM
  data: names,
  options: {
    steps: integer("training steps of each net; default: 50,000, or 200,000 for the larger net with --full", {
      value: null,
      min: 100,
      group: "Lesson",
    }),
  },
  fullRequires: notGiven("steps", "a command without --steps"),
  async *run(o, env) {
    const { words } = env.data, letters = new Letters(words), mayDiffer = env.reasonToDiffer();
    const largerSteps = o.steps ?? (o.full ? fullRun : shortRun);
    const setup: MlpSetup = {
      words,
      letters,
      data: splitExamples(words, { letters, context, shuffles }),
      engine: await engineForSmallNets(env),
      seed: o.seed,
      steps: o.steps ?? shortRun,
      largerSteps,
      mayDiffer,
      lossMayDiffer: mayDiffer ?? stepsReasonToDiffer(largerSteps, fullRun),
    };
    yield* longerContexts(setup);
    const five = yield* letterVectors(setup);
    yield* memorizeFive(five, setup);
    yield* rateFinder(setup);
    const smaller = yield* trainFirstNet(setup);
    yield* trainLargerNet(setup, smaller);
  },
  exercises: {
    E01: {
      ask: "Tune the sizes of the net and its training until the dev loss is below 2.2.",
      uses: ["source", "seed", "device", "steps", "full"],
      solution: (o, env) => tunedNet(env, o.steps ?? (o.full ? fullRun / 2 : shortRun)),
    },
    E02: {
      ask:
        "What would the initial loss be if all letters were equally likely? What is it really? Change the initial weights so that training starts at that loss.",
      uses: ["source", "seed", "device"],
      solution: (_o, env) => scaledStart(env),
    },
    E03: {
      ask: "Read Bengio et al. 2003 and try an idea of theirs that the lecture left out. Does it help?",
      uses: ["source", "seed", "device", "steps"],
      solution: (o, env) => mixedWithCounts(env, o.steps ?? shortRun),
    },
  },
});
