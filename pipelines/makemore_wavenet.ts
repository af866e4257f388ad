/**
 * Lesson 6: a net that sees eight letters and joins them by twos, as WaveNet does, instead of crushing them into one layer.
 *
 * Sources: Andrej Karpathy's lecture "Building makemore part 5: building a WaveNet"; van den Oord et al. 2016, "WaveNet: a
 * generative model for raw audio".
 *
 * @module
 */
import { mlp, wavenet } from "../kernels/models/course/name_nets.ts";
import { barChart } from "../stages/report/chart/bars.ts";
import { lineChart } from "../stages/report/chart/line.ts";
import { integer } from "./cli/option_types.ts";
import { names } from "./lesson/data.ts";
import { check, figure, heading, type Item, lines, say, table } from "./lesson/item.ts";
import { lesson } from "./lesson/lesson.ts";
import { examplesOf, Letters, splitWords } from "./lesson/letters.ts";
import {
  batch,
  buffersOf,
  type NameTraining,
  type TrainedNet,
  trainedOnNames,
} from "./lesson/wavenet/name_nets.ts";
import { engineForSmallNets, means } from "./lesson/net_training.ts";
import { lossesTwice } from "./lesson/wavenet/wavenet_float64.ts";
import { layersTable, sharedTree, treeChart, wavenetLayers } from "./lesson/wavenet/wavenet_pictures.ts";
import { gatedSolution } from "./lesson/wavenet/wavenet_solutions.ts";

const notebook = "makemore part 5, notebook";
const fullRun = 200_000;

/** Losses of the 76,579 parameters by step, as published. */
const trace = [
  [0, 3.3167],
  [10_000, 2.0576],
  [20_000, 2.0723],
  [30_000, 2.5134],
  [50_000, 1.7836],
  [100_000, 1.7736],
  [150_000, 1.7466],
  [190_000, 1.8555],
] as const;

/** What the sections share. */
interface Given extends Omit<NameTraining, "steps"> {
  /** Of the smaller nets. */
  readonly rungSteps: number;
  /** Of the large one. */
  readonly steps: number;
  /** Why figures need not be the lecture's; where they need `--full`, too. */
  readonly mayDiffer: string | null;
  readonly unlessFull: string | null;
}

/** A net on the way, and what the lecture's log says of it. */
interface Rung {
  readonly name: string;
  readonly trained: TrainedNet;
  readonly lecture: { readonly train: number; readonly val: number };
}

export default lesson({
  part: 6,
  about: "names from eight letters of context, joined by twos: a net as a list of layers, WaveNet's tree",
  short: "20,000 of the lecture's 200,000 steps, 5,000 for the smaller nets",
  seed: 42,
  data: names,
  options: {
    steps: integer(
      "how long every net is trained; default: 20,000, the smaller nets 5,000; with --full 200,000",
      {
        value: null,
        min: 1,
        max: 10_000_000,
        group: "Lesson",
      },
    ),
  },
  async *run(o, env) {
    const { words } = env.data, steps = o.steps ?? (o.full ? fullRun : 20_000);
    const given: Given = {
      words,
      letters: new Letters(words),
      engine: await engineForSmallNets(env),
      seed: o.seed,
      rungSteps: o.steps ?? (o.full ? fullRun : 5_000),
      steps,
      mayDiffer: env.reasonToDiffer(),
      unlessFull: env.reasonToDiffer() ??
        (steps === fullRun
          ? null
          : o.steps === null
          ? env.reasonToDiffer({ full: true })
          : "another number of steps"),
    };
    const rungs: Rung[] = [];
    rungs.push(yield* listOfLayers(given));
    rungs.push(yield* eightLetters(given));
    rungs.push(yield* byTwos(given));
    rungs.push(yield* theFault(given));
    rungs.push(yield* larger(given));
    yield* ladder(rungs, given);
    yield* sharedTree();
    yield* inFloat64(given, o.full ? 1000 : 10);
  },
  exercises: {
    E01: {
      ask:
        "The lecture leaves it open: beat its validation loss of 1.993. Ideas: WaveNet's gates and residual connections, other sizes and rates.",
      solution: (o, env) => gatedSolution(env, o.steps ?? (o.full ? 40_000 : 5_000)),
    },
  },
});

/** 1. Nets as lists of layers, and a curve that can be read. */
async function* listOfLayers(given: Given): AsyncGenerator<Item, Rung> {
  yield heading("A net is a list of layers");
  const net = mlp({ vocabSize: given.letters.count, first: { bias: false }, last: { gain: .1 }, norm: {} });
  yield say(
    "The net of the lessons before, each of its parts a layer: a function from one tensor to the next that has its weights to itself. A net is then a list, and forward is going through it. Its layers, and what they make of the examples of a step:",
  );
  const layers = [
    `Embedding(${given.letters.count}, 10)`,
    "Flatten()",
    "Linear(30, 200), no bias",
    "BatchNorm(200)",
    "Tanh()",
    `Linear(200, ${given.letters.count})`,
  ];
  yield layersTable(net, { layers, batch });
  yield say(
    "Linear has no bias where a batch norm follows: that would take it away again. A batch norm has two ways to behave: in training it takes mean and variance from the batch and lets running ones follow, afterwards it uses those. Forgetting to say which is a common fault.",
  );
  const trained = yield* trainedOnNames(net, { ...given, steps: given.rungSteps });
  const width = Math.max(1, Math.round(trained.curve.length / 200));
  yield figure(
    `32 names say little about a net: the curve as it was is mostly chance. Cut into rows of ${width} steps, one mean for each: now it can be read, also where the rate falls to a tenth.`,
    lineChart({
      title: "each step",
      series: [{ name: "batch", y: trained.curve }],
      xLabel: "step",
      yLabel: "loss",
    }),
    lineChart({
      title: `means of ${width}`,
      series: [{ name: "mean", ...means(trained.curve, width) }],
      xLabel: "step",
      yLabel: "loss",
    }),
  );
  yield* counted(trained, { lecture: 12_097, given });
  return { name: "3 letters, flat", trained, lecture: { train: 2.058, val: 2.105 } };
}

/** 2. More letters into the same layer. */
async function* eightLetters(given: Given): AsyncGenerator<Item, Rung> {
  yield heading("Eight letters");
  yield say("Longer contexts need one number changed. What the net sees now of one name:");
  const { letters, words } = given, few = examplesOf([words[0]], { letters, context: 8 });
  yield lines(Array.from(few.targets, (target, i) => {
    return `${letters.decode(few.inputs.subarray(8 * i, 8 * i + 8))} → ${letters.symbols[target]}`;
  }));
  const net = mlp({
    vocabSize: letters.count,
    context: 8,
    first: { bias: false },
    last: { gain: .1 },
    norm: {},
  });
  const trained = yield* trainedOnNames(net, { ...given, steps: given.rungSteps });
  yield* counted(trained, { lecture: 22_097, given });
  yield lossLine(trained);
  yield say(
    "Better already. But one layer now has to make something of 80 numbers at once: all eight letters are crushed into one vector in a single step.",
  );
  return { name: "8 letters, flat", trained, lecture: { train: 1.918, val: 2.027 } };
}

/** 3. Two letters, two pairs, two fours. */
async function* byTwos(given: Given): AsyncGenerator<Item, Rung> {
  yield heading("By twos");
  yield say(
    "WaveNet goes slowly: first two neighbouring letters become one vector, then two such pairs, then two fours. Each time the context of a vector doubles, and the layers are a tree:",
  );
  yield figure(
    "Boxes are vectors, each row one layer; the same weights for all boxes of a row.",
    treeChart("diondre.".slice(0, 8)),
  );
  const sizes = { vocabSize: given.letters.count, channels: 10, hidden: 68 };
  const net = wavenet({ ...sizes, perPosition: true });
  yield say(
    "One new layer does it, FlattenConsecutive(2): [B, T, C] becomes [B, T / 2, 2 C], neighbours side by side. No number moves for it. And Linear multiplies over the last axis only, whatever stands before: so the pairs are one more batch axis, and all are done at once.",
  );
  yield layersTable(net, { layers: wavenetLayers({ ...sizes, letters: sizes.vocabSize }), batch });
  const trained = yield* trainedOnNames(net, { ...given, steps: given.rungSteps });
  yield* counted(trained, { lecture: 22_397, given });
  yield lossLine(trained);
  yield say(
    "With 68 neurons a layer it has as many parameters as the flat net, so the two can be compared: it is no better. Is the idea no good, or is something wrong?",
  );
  return { name: "8 letters by twos, the fault in it", trained, lecture: { train: 1.941, val: 2.029 } };
}

/** 4. Batch norm over the wrong axes runs, and is only a little worse. */
async function* theFault(given: Given): AsyncGenerator<Item, Rung> {
  yield heading("A fault that does not show");
  const options = { vocabSize: given.letters.count, channels: 10, hidden: 68 };
  const wrong = wavenet({ ...options, perPosition: true }), right = wavenet(options);
  yield say(
    "Look at the shapes once more, this time of what batch norm keeps. It was written for [B, C] and takes the mean over axis 0. For [B, 4, 68] that still works, by broadcasting, but gives a mean for each of the four positions: four times the statistics, each from 32 numbers instead of 128, and one pair of letters is treated otherwise than its neighbour.",
  );
  const shapes = [wrong, right].map(buffersOf);
  yield table(
    ["running mean of", "over axis 0", "over axes 0 and 1"],
    [...shapes[0].keys()].filter((name) => name.endsWith("mean")).map((name, i) => {
      const [bad, good] = shapes.map((of) => of.get(name)?.[0] ?? 0);
      return [`BatchNorm ${i + 1}`, bad === good ? `[${good}]` : `[${bad / 68}, 68]`, `[${good}]`];
    }),
  );
  const lengths = shapes.map((of) => [...of].filter(([name]) => name.endsWith("mean")).map(([, [n]]) => n));
  yield check({
    name: "values in the first running mean: the fault, mended",
    ours: lengths.map(([first]) => first).join(", "),
    lecture: "272, 68",
    source: notebook,
    mayDiffer: null,
  });
  yield say(
    "Nothing failed, no shape was wrong, and the net learned: only printing shapes shows such faults. Mended, over both axes:",
  );
  const trained = yield* trainedOnNames(right, { ...given, steps: given.rungSteps });
  yield lossLine(trained);
  return { name: "8 letters by twos, mended", trained, lecture: { train: 1.912, val: 2.022 } };
}

/** 5. The same, larger. */
async function* larger(given: Given): AsyncGenerator<Item, Rung> {
  yield heading("Larger");
  const { letters, steps, mayDiffer, unlessFull } = given, net = wavenet({ vocabSize: letters.count });
  yield say("Embeddings of 24 numbers, layers of 128 neurons:");
  yield layersTable(net, {
    layers: wavenetLayers({ letters: letters.count, channels: 24, hidden: 128 }),
    batch,
  });
  const trained = yield* trainedOnNames(net, { ...given, names: 20 });
  yield* counted(trained, { lecture: 76_579, given });
  for (const [step, loss] of trace) {
    if (step >= steps) continue;
    yield check({
      name: `loss at step ${step.toLocaleString("en-US")}`,
      ours: trained.curve[step],
      lecture: loss,
      within: 5e-4,
      source: notebook,
      // Until its own last quarter a short run is the beginning of a full one.
      mayDiffer: step < .75 * steps ? mayDiffer : unlessFull,
    });
  }
  const width = steps >= 100_000 ? 1000 : Math.max(1, Math.round(steps / 100));
  yield figure(
    `Means of ${width.toLocaleString("en-US")} steps. At three quarters the rate falls from 0.1 to 0.01.`,
    lineChart({ series: [{ name: "loss", ...means(trained.curve, width) }], xLabel: "step", yLabel: "loss" }),
  );
  yield lossLine(trained);
  const { train, dev } = trained.losses;
  yield check({
    name: "train",
    ours: train,
    lecture: 1.7690,
    within: .005,
    source: notebook,
    mayDiffer: unlessFull,
  });
  yield check({
    name: "validation",
    ours: dev,
    lecture: 1.9937,
    within: .005,
    source: notebook,
    mayDiffer: unlessFull,
  });
  yield say(
    `${steps.toLocaleString("en-US")} steps in ${trained.seconds.toFixed(0)} seconds. Names that it draws:`,
  );
  yield lines([trained.drawn.slice(0, 10).join(" "), trained.drawn.slice(10).join(" ")]);
  return { name: "the same, larger", trained, lecture: { train: 1.769, val: 1.993 } };
}

/** 6. All nets side by side. */
function* ladder(rungs: readonly Rung[], { unlessFull: mayDiffer }: Given): Generator<Item> {
  yield heading("What each step brought");
  yield table(
    ["net", "parameters", "train", "validation", "seconds"],
    rungs.map(({ name, trained: { parameters, losses: { train, dev }, seconds } }) => {
      return [name, parameters, train.toFixed(4), dev.toFixed(4), seconds.toFixed(0)];
    }),
  );
  yield figure(
    "Validation loss above 1.9: lower is better.",
    barChart({
      bars: rungs.map(({ name, trained }) => ({ name, value: trained.losses.dev - 1.9 })),
      xLabel: "validation loss - 1.9",
    }),
  );
  for (const { name, trained: { losses }, lecture } of rungs) {
    const shared = { within: .01, source: "makemore part 5, performance log", mayDiffer };
    yield check({ name: `${name}: train`, ours: losses.train, lecture: lecture.train, ...shared });
    yield check({ name: `${name}: validation`, ours: losses.dev, lecture: lecture.val, ...shared });
  }
  yield say(
    "One run of each says little about differences of 0.005, and none of the nets was tuned: a search over sizes and rates finds better ones (exercise E01).",
  );
}

/** 7. What rounding does in the first steps. */
async function* inFloat64(given: Given, steps: number): AsyncGenerator<Item> {
  yield heading("How exact it is");
  const net = wavenet({ vocabSize: given.letters.count });
  const { ours, exact } = yield* lossesTwice(net, {
    ...given,
    words: splitWords(given.words).train,
    steps,
    batch,
  });
  const most = ours.reduce((most, loss, i) => Math.max(most, Math.abs(loss - exact[i])), 0);
  yield say(
    `The first ${
      steps.toLocaleString("en-US")
    } steps once more, in float64 by the definition of each operation: their losses differ from those of float32 by ${
      most.toExponential(0)
    } at most.`,
  );
}

/** How many parameters a net has, beside the lecture's number. */
function* counted(
  { parameters }: TrainedNet,
  { lecture, given: { mayDiffer } }: { readonly lecture: number; readonly given: Given },
): Generator<Item> {
  yield check({ name: "parameters", ours: parameters, lecture, source: notebook, mayDiffer });
}

/** A net's losses as a line. */
function lossLine({ losses: { train, dev }, curve }: TrainedNet): Item {
  return say(
    `After ${curve.length.toLocaleString("en-US")} steps: train ${train.toFixed(4)}, validation ${
      dev.toFixed(4)
    }.`,
  );
}
