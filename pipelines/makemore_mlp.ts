/**
 * Lesson 3: a net that sees three letters. Each letter gets a vector of its own, and the net learns where to put it.
 *
 * Sources: Andrej Karpathy's lecture "Building makemore part 2: MLP"; Bengio, Ducharme, Vincent and Jauvin 2003, "A
 * neural probabilistic language model".
 *
 * @module
 */
import { TorchRandom } from "../kernels/random/torch_random.ts";
import type { Engine } from "../kernels/engine/engine.ts";
import { countParameters } from "../kernels/models/model.ts";
import { mlp } from "../kernels/models/course/name_nets.ts";
import { torchWeights } from "../kernels/models/course/torch_weights.ts";
import { sgd } from "../kernels/optim/sgd.ts";
import { lineChart } from "../stages/report/chart/line.ts";
import { scatterChart } from "../stages/report/chart/scatter.ts";
import { type DeviceTrainer, openDeviceTrainer } from "../stages/train/on_device/device_trainer.ts";
import { integer } from "./cli/option_types.ts";
import { names } from "./lesson/data.ts";
import { drawNames } from "./lesson/draw_names.ts";
import { check, figure, heading, type Item, lines, say, table } from "./lesson/item.ts";
import { lesson } from "./lesson/lesson.ts";
import {
  type Examples,
  examplesOf,
  Letters,
  type Split,
  type SplitExamples,
  splitExamples,
  splitWords,
} from "./lesson/letters.ts";
import { betterThan, calmStart, mixedWithCounts } from "./lesson/mlp/mlp_solutions.ts";
import { engineForSmallNets, means, softmax, trainOn } from "./lesson/net_training.ts";
import { Ngrams } from "./lesson/ngrams.ts";

const notebook = "makemore part 2, notebook";
const context = 3;
const batch = 32;
const shortRun = 20_000;
const fullRun = 200_000;
const shuffles = 4; // so often had the notebook's cell run when it printed its numbers of examples

/** What the sections share. */
interface Given {
  readonly words: readonly string[];
  readonly letters: Letters;
  /** The names in three parts, as examples. */
  readonly parts: SplitExamples;
  readonly engine: Engine;
  readonly seed: number;
  /** Of the first net and of the larger one. */
  readonly steps: readonly [number, number];
  /** Why figures need not be the lecture's; where they need `--full`, too. */
  readonly mayDiffer: string | null;
  readonly unlessFull: string | null;
}

export default lesson({
  part: 3,
  about:
    "names from three letters of context: embeddings, a hidden layer, a learning rate, three parts of data",
  short: "20,000 of the lecture's 200,000 steps",
  seed: 2147483647,
  data: names,
  options: {
    steps: integer("how long nets are trained; default: 20,000, the larger net with --full 200,000", {
      value: null,
      min: 100,
      group: "Lesson",
    }),
  },
  async *run(o, env) {
    const { words } = env.data, letters = new Letters(words);
    const given: Given = {
      words,
      letters,
      parts: splitExamples(words, { letters, context, shuffles }),
      engine: await engineForSmallNets(env),
      seed: o.seed,
      steps: [o.steps ?? shortRun, o.steps ?? (o.full ? fullRun : shortRun)],
      mayDiffer: env.reasonToDiffer(),
      unlessFull: env.reasonToDiffer() ??
        (o.steps === null
          ? env.reasonToDiffer({ full: true })
          : o.steps === fullRun
          ? null
          : "another number of steps"),
    };
    yield* longerTables(given);
    const first = yield* aVectorALetter(given);
    yield* byHeart(first, given);
    yield* rateFinder(given);
    yield* firstNet(given);
    yield* largerNet(given);
  },
  exercises: {
    E01: {
      ask: "Tune the sizes of the net and its training: beat a dev loss of 2.2.",
      solution: (o, env) => betterThan(env, o.steps ?? (o.full ? fullRun / 2 : shortRun)),
    },
    E02: {
      ask:
        "What would the loss be if all letters were equally likely at the beginning? What is it? Mend the first weights so that it begins there.",
      solution: (_o, env) => calmStart(env),
    },
    E03: {
      ask: "Read Bengio et al. 2003 and try an idea of theirs that the lecture left out. Did it work?",
      solution: (o, env) => mixedWithCounts(env, o.steps ?? shortRun),
    },
  },
});

/** 1. Why counting ends here. */
function* longerTables({ words, letters, parts: { rows }, mayDiffer }: Given): Generator<Item> {
  const { symbols, count } = letters;
  yield heading("Three letters of context");
  yield say(
    `One letter says little of the next one, but a table for three has ${count}³ = ${
      (count ** 3).toLocaleString("en-US")
    } rows, most of them with no name in them, and nothing that it learns of one row says anything of the others. Bengio et al. did it otherwise: every letter (there: every word) gets a vector, a net computes the odds from the vectors, and both are learned. Letters that behave alike get vectors that are near each other; what is learned of one holds for the other.`,
  );
  yield say(`The first name as examples, \`${symbols[0]}\` before and after it:`);
  const few = examplesOf([words[0]], { letters, context });
  yield lines(Array.from(few.targets, (target, i) => {
    const before = few.inputs.subarray(i * context, (i + 1) * context);
    return `${letters.decode(before)} → ${symbols[target]}`;
  }));
  yield say(
    "All names: shuffled and cut into 80 % to train on, 10 % to choose sizes and rates by (dev), and 10 % that are looked at once, at the very end (test). A net with enough weights learns its names by heart; only names that it never saw tell.",
  );
  for (const [part, lecture] of [["train", 182441], ["dev", 22902], ["test", 22803]] as const) {
    const ours = rows[part].length;
    yield check({ name: `examples of ${part}`, ours, lecture, source: notebook, mayDiffer });
  }
}

/** 2. The net, and its loss before it has learned anything. Returns the examples of the first five names. */
async function* aVectorALetter(
  { words, letters, engine, seed, mayDiffer }: Given,
): AsyncGenerator<Item, Examples> {
  yield heading("A vector for each letter");
  const model = mlp({ vocabSize: letters.count, context, channels: 2, hidden: 100 });
  const five = examplesOf(words.slice(0, 5), { letters, context });
  yield say(
    "C is a table with a row of two numbers for each letter. `C[x]` picks the rows of three letters; side by side they are six numbers; a layer of 100 neurons with tanh, a layer that gives a logit for each letter, softmax.",
  );
  yield table(["tensor", "shape", "of the first five names"], [
    ["x", "[B, 3]", `[${five.count}, ${context}]`],
    ["C[x]", "[B, 3, 2]", `[${five.count}, ${context}, 2]`],
    ["the same numbers, seen as rows of 6", "[B, 6]", `[${five.count}, 6]`],
    ["h = tanh(… · W1 + b1)", "[B, 100]", `[${five.count}, 100]`],
    ["logits = h · W2 + b2", `[B, ${letters.count}]`, `[${five.count}, ${letters.count}]`],
  ]);
  yield say(
    "Picking a row is what one-hot times C gives, without the multiplying. Seeing [B, 3, 2] as [B, 6] moves no number: the three vectors stand side by side in memory as it is.",
  );
  yield check({
    name: "parameters",
    ours: countParameters(model),
    lecture: 3481,
    source: notebook,
    mayDiffer,
  });
  await using net = await openDeviceTrainer(engine, {
    model,
    weights: torchWeights(model, new TorchRandom(seed)),
    examples: five,
    batch: five.count,
    optimizer: sgd({ momentum: 0 }),
  });
  yield check({
    name: "loss of the first five names before training",
    ours: await net.loss(Uint32Array.from(five.targets.keys())),
    lecture: 17.7697,
    within: 1e-4,
    source: notebook,
    mayDiffer,
  });
  yield say(
    `With equal odds it would be ${
      Math.log(letters.count).toFixed(4)
    }: the first weights are so large that the net is sure of itself, and wrong (exercise E02).`,
  );
  return five;
}

/** 3. Few examples are easily learned, and why the loss is not 0 then. */
async function* byHeart(five: Examples, { letters, engine, seed }: Given): AsyncGenerator<Item> {
  yield heading("Learned by heart");
  const model = mlp({ vocabSize: letters.count, context, channels: 2, hidden: 100 });
  await using net = await openDeviceTrainer(engine, {
    model,
    weights: torchWeights(model, new TorchRandom(seed)),
    examples: five,
    batch: five.count,
    optimizer: sgd({ momentum: 0 }),
  });
  const rows = Uint32Array.from({ length: 1000 * five.count }, (_, i) => i % five.count);
  const losses = await net.train({ rows, rates: .1 });
  yield figure(
    "All examples of five names in each of 1,000 steps.",
    lineChart({ series: [{ name: "loss", y: losses }], xLabel: "step", logY: true }),
  );
  const floor = new Ngrams(five, letters.count).loss(five, 0);
  yield table(["", "loss"], [["after 1,000 steps", losses[losses.length - 1]], [
    "the least that there is",
    floor,
  ]]);
  yield say(
    `3,481 weights for ${five.count} examples: that is no learning. Not 0, because \`${
      letters.symbols[0].repeat(context)
    }\` is followed by another letter in each of the five names, and nobody can know which.`,
  );
}

/** 4. A rate for each step, from far too small to far too large. */
async function* rateFinder({ words, letters, engine, seed }: Given): AsyncGenerator<Item> {
  yield heading("How large a step");
  yield say(
    `All names now. A step with all examples would be slow, so each takes ${batch} at random (a minibatch): its gradient is only about right, and it is better to take many such steps than few exact ones. How far to go? Try: 1,000 steps, each with a rate of its own, from 0.001 to 1, evenly in the exponent.`,
  );
  const examples = examplesOf(words, { letters, context }), random = new TorchRandom(seed);
  const model = mlp({ vocabSize: letters.count, context, channels: 2, hidden: 100 });
  await using net = await openDeviceTrainer(engine, {
    model,
    weights: torchWeights(model, random),
    examples,
    batch,
    optimizer: sgd({ momentum: 0 }),
  });
  const exponents = Array.from({ length: 1000 }, (_, i) => -3 + 3 * i / 999);
  const losses = yield* trainOn(net, {
    steps: exponents.length,
    among: examples.count,
    batch,
    random,
    rate: (step) => 10 ** exponents[step],
  });
  const smooth = means(losses, 20), at = smooth.y.indexOf(Math.min(...smooth.y));
  const best = exponents[Math.round(smooth.x[at])];
  yield figure(
    "Too small on the left: it hardly moves. Too large on the right: it jumps. Good rates are in the valley.",
    lineChart({
      series: [
        { name: "batch", x: exponents, y: losses },
        { name: "mean of 20", x: smooth.x.map((step) => exponents[Math.round(step)]), y: smooth.y },
      ],
      xLabel: "log10 of the rate",
      yLabel: "loss",
      yDomain: [2, 22],
    }),
  );
  yield say(
    `The valley's lowest point is at 10^${best.toFixed(1)} = ${
      (10 ** best).toFixed(2)
    }. The lecture takes 0.1; for the last steps a tenth of it, so that the jumps calm down.`,
  );
}

/** 5. The first net, trained; its letters in a plane. */
async function* firstNet(given: Given): AsyncGenerator<Item> {
  yield heading("Vectors of two numbers");
  const { letters } = given;
  await using net = await open({ channels: 2, hidden: 100 }, given);
  yield* train(net, { ...given, steps: given.steps[0] });
  const losses = await lossesOf(net, given);
  const vectors = (await net.weights())["layers.0.weight"].data;
  yield* lossTable("vectors of 2, 100 neurons", { losses, given });
  yield say(
    "Train and dev are nearly the same, so the net does not learn by heart: it is too small. Is it the layer, or the two numbers for a letter? Two numbers can at least be drawn:",
  );
  yield figure(
    "Where the net put the letters: those that it treats alike lie near each other.",
    scatterChart({
      points: letters.symbols.map((symbol, i) => ({
        x: vectors[2 * i],
        y: vectors[2 * i + 1],
        label: symbol,
        group: i === 0 ? 2 : "aeiou".includes(symbol) ? 0 : 1,
      })),
      groups: ["vowels", "other letters", "the mark"],
    }),
  );
}

/** 6. The lecture's last net, and its names. */
async function* largerNet(given: Given): AsyncGenerator<Item> {
  const { letters, seed, unlessFull: mayDiffer, steps: [, count] } = given;
  yield heading("Vectors of ten numbers, 200 neurons");
  const began = performance.now();
  await using net = await open({ channels: 10, hidden: 200 }, given);
  const curve = yield* train(net, { ...given, steps: count });
  const seconds = (performance.now() - began) / 1000, losses = await lossesOf(net, given);
  yield check({
    name: "parameters of the larger net",
    ours: countParameters(mlp({ vocabSize: letters.count })),
    lecture: 11897,
    source: notebook,
    mayDiffer: given.mayDiffer,
  });
  const width = Math.ceil(count / 100), smooth = means(curve, width);
  yield figure(
    "It jumps, for each step sees other names. Half way the rate falls from 0.1 to 0.01.",
    lineChart({
      series: [
        { name: "batch", y: curve.map(Math.log10) },
        { name: `mean of ${width}`, x: smooth.x, y: smooth.y.map(Math.log10) },
      ],
      xLabel: "step",
      yLabel: "log10 of the loss",
    }),
  );
  yield* lossTable("vectors of 10, 200 neurons", { losses, given });
  // The notebook's batches are not known, and runs that differ in one rounding end some thousandths apart.
  const within = .01, source = notebook;
  yield check({ name: "train", ours: losses.train, lecture: 2.1260, within, source, mayDiffer });
  yield check({ name: "dev", ours: losses.dev, lecture: 2.1701, within, source, mayDiffer });
  yield say(
    `${count.toLocaleString("en-US")} steps in ${
      seconds.toFixed(0)
    } seconds. Names that it never saw cost it ${
      (losses.dev - losses.train).toFixed(2)
    } more than those that it learned from; the larger the net and the longer the run, the more that becomes. And once, at the very end, the test part: ${
      losses.test.toFixed(4)
    }. Its names:`,
  );
  const odds = async (before: readonly number[]): Promise<Float64Array> =>
    softmax(await net.predict(before.slice(-context)));
  const drawn = await drawNames(odds, {
    letters,
    random: new TorchRandom((seed + 10) % 2 ** 32), // as the notebook's
    count: 20,
  });
  yield lines([drawn.slice(0, 10).join(" "), drawn.slice(10).join(" ")]);
}

/** A net of the lecture's with all names on the device. */
async function open(
  sizes: { readonly channels: number; readonly hidden: number },
  { letters, parts, engine, seed }: Given,
): Promise<DeviceTrainer> {
  const model = mlp({ vocabSize: letters.count, context, ...sizes });
  return await openDeviceTrainer(engine, {
    model,
    weights: torchWeights(model, new TorchRandom(seed)),
    examples: parts.examples,
    batch,
    optimizer: sgd({ momentum: 0 }),
  });
}

/**
 * Trains on the first part: a rate of 0.1, then 0.01. Batches come from a generator of their own, as in the notebook
 * (there torch's global one, which nobody seeded). Returns each step's loss.
 */
function train(
  net: DeviceTrainer,
  { parts, steps, seed }: { readonly parts: SplitExamples; readonly steps: number; readonly seed: number },
): AsyncGenerator<Item, Float32Array<ArrayBuffer>> {
  const rate = (step: number): number => step < steps / 2 ? .1 : .01;
  return trainOn(net, {
    steps,
    among: parts.rows.train.length,
    batch,
    random: new TorchRandom(seed),
    rate,
  });
}

async function lossesOf(net: DeviceTrainer, { parts: { rows } }: Given): Promise<Split<number>> {
  return {
    train: await net.loss(rows.train),
    dev: await net.loss(rows.dev),
    test: await net.loss(rows.test),
  };
}

/** A net's losses beside those of pairs that were counted. */
function* lossTable(
  name: string,
  { losses, given: { letters, words } }: { readonly losses: Split<number>; readonly given: Given },
): Generator<Item> {
  const { train, dev } = splitWords(words, { shuffles });
  const pairs = (part: readonly string[]): Examples => examplesOf(part, { letters, context: 1 });
  const counted = new Ngrams(pairs(train), letters.count);
  yield table(["model", "train", "dev"], [
    ["pairs counted, 1 added", counted.loss(pairs(train), 1), counted.loss(pairs(dev), 1)],
    [name, losses.train, losses.dev],
  ]);
}
