/**
 * Lesson 4: why a net learns well or not: how large the numbers in it are, forward and back. Faults of its first weights
 * are mended one after the other, the last one by batch norm, and then a deep net is looked into.
 *
 * Sources: Karpathy, "Building makemore part 3: activations & gradients, BatchNorm"; He et al. 2015; Ioffe and Szegedy 2015.
 *
 * @module
 */
import { TorchRandom } from "../kernels/random/torch_random.ts";
import { Matrix } from "../kernels/models/course/matrix.ts";
import { countParameters } from "../kernels/models/model.ts";
import { torchWeights } from "../kernels/models/course/torch_weights.ts";
import type { Chart } from "../stages/report/chart/chart.ts";
import { heatmapChart } from "../stages/report/chart/heatmap.ts";
import { histogramChart } from "../stages/report/chart/histogram.ts";
import { lineChart } from "../stages/report/chart/line.ts";
import { deadUnits } from "../stages/inspect/dead_units.ts";
import type { DeviceTrainer, StepInspection } from "../stages/train/on_device/device_trainer.ts";
import { integer } from "./cli/option_types.ts";
import { ladder, publishedTrace, type Rung } from "./lesson/batchnorm/batchnorm_ladder.ts";
import {
  batch,
  context,
  firstLook,
  fullRun,
  type Given,
  openNet,
  prepared,
  shortRun,
  type Trained,
  trained,
  trainExamples,
} from "./lesson/batchnorm/batchnorm_nets.ts";
import { foldedBatchNorm, nothingToLearnFrom } from "./lesson/batchnorm/batchnorm_solutions.ts";
import { names } from "./lesson/data.ts";
import { deepNet, gains } from "./lesson/batchnorm/deep_net.ts";
import { drawNames } from "./lesson/draw_names.ts";
import { check, figure, heading, type Item, lines, say, table } from "./lesson/item.ts";
import { stdOf } from "./lesson/batchnorm/layer_stats.ts";
import { lesson } from "./lesson/lesson.ts";
import { calibrated } from "./lesson/backprop/manual_mlp_net.ts";
import { means, softmax } from "./lesson/net_training.ts";
import { unscaledLinear } from "./lesson/batchnorm/unscaled_linear.ts";

const notebook = "makemore part 3, notebook";

export default lesson({
  part: 4,
  about: "activations and gradients: what a net's first weights do to it, batch norm, a look into a deep net",
  short: `${shortRun.toLocaleString("en-US")} of the lecture's 200,000 steps for each of five nets`,
  seed: 2147483647,
  data: names,
  options: {
    steps: integer(
      `how long each of the five nets is trained; default: ${shortRun}, with --full ${fullRun}`,
      { value: null, min: 100, group: "Lesson" },
    ),
  },
  async *run(o, env) {
    const given = await prepared(env, o), all: Trained[] = [];
    all.push(...yield* overSure(given));
    all.push(yield* lessSaturated(given));
    all.push(yield* kaiming(given));
    all.push(yield* normalized(given));
    yield* allFive(all, given);
    yield* deepNet(given);
    yield* gains(given);
    yield heading("One layer, and batch norm behind it");
    yield* unscaledLinear({ seed: o.seed, source: notebook, mayDiffer: given.mayDiffer });
  },
  exercises: {
    E01: {
      ask:
        "Begin with all weights and biases at zero and train. The net learns, but only in part, and ends badly. Which part, and why?",
      async *solution(o, env) {
        yield* nothingToLearnFrom(await prepared(env, o));
      },
    },
    E02: {
      ask:
        "Once training is over, batch norm can be folded into the linear layer before it. Make that layer's new weight and bias, leave batch norm out, and show that the forward pass is the same.",
      async *solution(o, env) {
        yield* foldedBatchNorm(await prepared(env, o));
      },
    },
  },
});

/** 1. The first loss is far too high: the net is sure of what it cannot know. */
async function* overSure(given: Given): AsyncGenerator<Item, Trained[]> {
  yield heading("Too sure at the beginning");
  const { count } = given.letters;
  yield say(
    `The net of the lesson before: three letters, 200 hidden units, all weights drawn with standard deviation 1. It knows nothing yet; all ${count} letters alike would cost log ${count} = ${
      Math.log(count).toFixed(4)
    }. But its logits are large, so that it is sure of something, and mostly of something wrong:`,
  );
  const before = yield* trained(ladder[0], given);
  yield check({
    name: "loss at step 0",
    ours: before.losses[0],
    lecture: 27.8817,
    within: 5e-4,
    source: "makemore part 3, lecture",
    mayDiffer: given.mayDiffer,
  });
  yield* rungChecks(ladder[0], before, given);
  yield say(
    "The last layer's weights times 0.01 and its bias at 0 make logits near 0. The first thousands of steps then need not shrink them: the curve loses its blade, the rest of a hockey stick is real work.",
  );
  const after = yield* trained(ladder[1], given);
  yield* rungChecks(ladder[1], after, given);
  yield figure(
    "The first 500 steps.",
    lineChart({
      title: "loss",
      series: [before, after].map(({ name, losses }) => ({ name, ...means(losses.subarray(0, 500), 5) })),
      xLabel: "step",
    }),
  );
  return [before, after];
}

/** 2. tanh at its ends lets no gradient through. */
async function* lessSaturated(given: Given): AsyncGenerator<Item, Trained> {
  yield heading("Saturated tanh");
  const { seed, letters: { count: vocabSize } } = given;
  const start = async (rung: Rung): Promise<StepInspection> => {
    await using net = await openNet(rung.net(vocabSize), { given, random: new TorchRandom(seed) });
    return await firstLook(net, given);
  };
  const before = await start(ladder[1]), after = await start(ladder[2]);
  yield say(
    "What the hidden units give to the first batch, after tanh. Most stand at -1 or 1, for what goes in has a spread of some five. There the slope of tanh, 1 - h², is 0: whatever gradient comes from above, nothing gets through to the weights.",
  );
  yield figure(
    "Left as it is; right with W1 times 0.2 and b1 times 0.01.",
    ...[before, after].map((look) => {
      const title = "hidden units, after tanh";
      return histogramChart({
        title,
        series: [{ name: "h", values: look.values["layers.3"].data }],
        domain: [-1, 1],
      });
    }),
  );
  yield figure(
    "White in the lecture, dark here: |h| > 0.99. A row an example, a column a unit. A column dark all the way down would be a dead unit: it learns from no example.",
    ...[before, after].map((look) => saturationMap(look.values["layers.3"].data)),
  );
  const dead = ({ values }: StepInspection): string => {
    const found = deadUnits(values["layers.3"].data, { units: 200 });
    return found.length > 8 ? `${found.length} of 200` : found.join(" ") || "none";
  };
  yield table(["net", "at the ends", "dead units"], [
    [ladder[1].name, share(before.values["layers.3"].data), dead(before)],
    [ladder[2].name, share(after.values["layers.3"].data), dead(after)],
  ]);
  yield* plantedDead(given, dead);
  const mended = yield* trained(ladder[2], given);
  yield* rungChecks(ladder[2], mended, given);
  return mended;
}

/** A unit that is dead on purpose: is it found? */
async function* plantedDead(given: Given, dead: (look: StepInspection) => string): AsyncGenerator<Item> {
  const model = ladder[2].net(given.letters.count), random = new TorchRandom(given.seed);
  const weights = torchWeights(model, random), bias = weights["layers.2.bias"];
  const data = Float32Array.from(bias.data, (b, unit) => unit === 7 ? 100 : b);
  await using net = await openNet(model, {
    given,
    random,
    weights: { ...weights, "layers.2.bias": { ...bias, data } },
  });
  const look = await firstLook(net, given);
  yield say("Is a dead unit found? We give unit 7 a bias of 100:");
  yield check({ name: "dead units", ours: dead(look), lecture: "7", source: "planted" });
  const slopes = look.gradients["layers.2.weight"].data.filter((_, i) => i % 200 === 7);
  yield check({
    name: "largest gradient of its weights",
    ours: Math.max(...slopes.map(Math.abs)),
    lecture: 0,
    source: "planted",
  });
}

/** 3. Where 0.2 comes from. */
async function* kaiming(given: Given): AsyncGenerator<Item, Trained> {
  yield heading("Weights by rule");
  yield say(
    "0.2 was found by looking. A sum of n products of spread 1 has spread √n: so divide weights by √n, n the layer's inputs. tanh then squeezes, which a gain of 5/3 makes good (He et al. 2015 found √2 for ReLU). Here n = 30, and the rule says (5/3) / √30 = 0.304.",
  );
  const random = new TorchRandom(given.seed), n = 10;
  const x = new Matrix(1000, n, random.randn(1000 * n)), w = new Matrix(n, 200, random.randn(n * 200));
  const rows = [["1", 1], ["5", 5], ["1 / √10", 1 / Math.sqrt(n)]] as const;
  yield table(
    ["x @ w, w times", "spread of x", "spread of the product"],
    rows.map(([name, by]) => {
      return [name, stdOf(x.data), stdOf(x.matmul(w.times(by)).data)];
    }),
  );
  const result = yield* trained(ladder[3], given);
  yield* rungChecks(ladder[3], result, given);
  return result;
}

/** 4. Batch norm: if units should be normal, make them so. */
async function* normalized(given: Given): AsyncGenerator<Item, Trained> {
  yield heading("Batch norm");
  const { letters, mayDiffer } = given, rung = ladder[4];
  yield say(
    "Ioffe and Szegedy 2015: if hidden units should have mean 0 and spread 1, subtract the batch's mean and divide by its spread; that can be differentiated like all else. A gain and a bias for each unit, learned, let it be otherwise where that is better. The bias of the layer before would be subtracted again, so it goes.",
  );
  yield check({
    name: "parameters",
    ours: countParameters(rung.net(letters.count)),
    lecture: 12097,
    source: notebook,
    mayDiffer,
  });
  return yield* trained(rung, given, async function* (net, result) {
    yield* rungChecks(rung, result, given);
    yield* normalizedChecks(result, given);
    yield* twoStatistics(net, given);
  });
}

/** Its losses on the way and at the end. */
function* normalizedChecks(result: Trained, { mayDiffer, unlessFull, steps }: Given): Generator<Item> {
  for (const [i, lecture] of publishedTrace.entries()) {
    const step = i * 10_000;
    if (step >= steps) break;
    yield check({
      name: `loss at step ${step}`,
      ours: result.losses[step],
      lecture,
      within: 5e-4,
      source: notebook,
      mayDiffer: step === 0 ? mayDiffer : unlessFull,
    });
  }
  // The log's figures are of the net before its last changes; these are the notebook's own.
  const held = { within: .002, source: notebook, mayDiffer: unlessFull };
  yield check({ name: "loss, train", ours: result.train, lecture: 2.0674145, ...held });
  yield check({ name: "loss, dev", ours: result.dev, lecture: 2.1056840, ...held });
}

/** A single name comes in no batch: what stands for its mean and spread. */
async function* twoStatistics(
  net: DeviceTrainer,
  { letters, parts, seed }: Given,
): AsyncGenerator<Item, void> {
  yield say(
    "Each example is now seen through its batch, which also acts as noise that keeps the net from learning by heart. To use the net on a single name, mean and spread must come from elsewhere: measured over all training examples at the end, or followed on the way, a thousandth of each batch's added at every step.",
  );
  const weights = await net.weights(), hidden = weights["layers.2.weight"].shape[1];
  const matrix = (name: string): Matrix => {
    const { shape: [rows, columns], data } = weights[name];
    return new Matrix(rows, columns, data);
  };
  const measured = calibrated({
    C: matrix("layers.0.weight"),
    W1: matrix("layers.2.weight"),
    b1: new Matrix(1, hidden),
  }, trainExamples(parts));
  const [mean, std] = ["layers.3.running_mean", "layers.3.running_std"];
  const spread = measured.variance.map(Math.sqrt).data;
  const units = [0, 1, 2, 3, 4];
  yield table(
    ["unit", "mean, followed", "measured", "spread, followed", "measured"],
    units.map((unit) => {
      return [
        unit,
        weights[mean].data[unit],
        measured.mean.data[unit],
        weights[std].data[unit],
        spread[unit],
      ];
    }),
  );
  const followed = [await net.loss(parts.rows.train), await net.loss(parts.rows.dev)];
  const put = (values: ArrayLike<number>): { shape: number[]; data: Float32Array } => {
    return { shape: [hidden], data: Float32Array.from(values) };
  };
  net.write({ [mean]: put(measured.mean.data), [std]: put(spread) });
  const calibratedLosses = [await net.loss(parts.rows.train), await net.loss(parts.rows.dev)];
  net.write({ [mean]: weights[mean], [std]: weights[std] });
  yield table(["statistics", "loss, train", "dev"], [["followed", ...followed], [
    "measured",
    ...calibratedLosses,
  ]]);
  yield say("Followed ones cost nothing and need no second pass. Names of this net:");
  const odds = async (before: readonly number[]): Promise<Float64Array> => {
    return softmax(await net.predict(before.slice(-context)));
  };
  const random = new TorchRandom((seed + 10) % 2 ** 32);
  yield lines((await drawNames(odds, { letters, random, count: 10, exponentialRace: true })).join(" "));
}

/** 5. The ladder in one table. */
function* allFive(all: readonly Trained[], { mayDiffer, unlessFull, steps }: Given): Generator<Item> {
  yield heading("All five");
  yield table(
    ["net", "first loss", "train", "dev", "lecture: train", "dev"],
    all.map(({ name, losses, train, dev }, i) => {
      const { lecture } = ladder[i];
      return [name, losses[0], train, dev, lecture.train, lecture.dev];
    }),
  );
  const width = Math.max(1, Math.floor(steps / 100));
  yield figure(
    "Means over a hundredth of the run each; what is above 3 is cut.",
    lineChart({
      title: "loss",
      series: all.map(({ name, losses }) => ({ name, ...means(losses, width) })),
      xLabel: "step",
      yDomain: [2, 3],
    }),
  );
  yield check({
    name: "each of the first two mends helps",
    ours: all[0].dev > all[2].dev && all[1].dev > all[2].dev ? "yes" : "no",
    lecture: "yes",
    source: notebook,
    mayDiffer: mayDiffer ?? unlessFull,
  });
  yield say(
    "One hidden layer forgives much: its first weights cost a few hundredths. The deeper the net, the less it forgives, and nobody balances fifty layers by hand. That is what batch norm is for.",
  );
}

/** A rung's losses beside the lecture's. */
function* rungChecks(
  rung: Rung,
  { losses, train, dev }: Trained,
  { unlessFull: mayDiffer }: Given,
): Generator<Item> {
  yield say(`First loss ${losses[0].toFixed(4)} with this beginning: ${rung.change}.`);
  const held = { within: .01, source: `${notebook}, its log`, mayDiffer };
  yield check({ name: `${rung.name}: train`, ours: train, lecture: rung.lecture.train, ...held });
  yield check({ name: `${rung.name}: dev`, ours: dev, lecture: rung.lecture.dev, ...held });
}

/** |h| > 0.99, a row an example. */
function saturationMap(h: ArrayLike<number>): Chart {
  const units = h.length / batch;
  const values = Array.from({ length: batch }, (_, row) => {
    return Array.from({ length: units }, (_, unit) => Math.abs(h[row * units + unit]) > .99 ? 1 : 0);
  });
  return heatmapChart({
    title: "units at their ends",
    values,
    xLabel: "unit",
    yLabel: "example",
    full: 1,
    height: 200,
  });
}

function share(h: ArrayLike<number>): string {
  return `${(100 * Array.from(h).filter((x) => Math.abs(x) > .99).length / h.length).toFixed(1)} %`;
}
