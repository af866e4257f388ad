/**
 * Sections of the lesson on batch norm about initial weights: a softmax that is too confident, a saturated
 * tanh, and the rule for the right scale.
 *
 * @module
 */
import { TorchRandom } from "../../../kernels/random/torch_random.ts";
import { Matrix } from "../../../kernels/models/course/matrix.ts";
import { torchWeights } from "../../../kernels/models/course/torch_weights.ts";
import { deadUnits } from "../../../stages/inspect/dead_units.ts";
import type { Chart } from "../../../stages/report/chart/chart.ts";
import { heatmapChart } from "../../../stages/report/chart/heatmap.ts";
import { histogramChart } from "../../../stages/report/chart/histogram.ts";
import { lineChart } from "../../../stages/report/chart/line.ts";
import type { StepInspection } from "../../../stages/train/on_device/device_trainer.ts";
import { claim } from "../claim.ts";
import { check, code, figure, heading, type Item, say, table } from "../item.ts";
import { means } from "../net_training.ts";
import { lessSaturation, noHockeyStick, rootKeepsStd, tooConfidentAtStart } from "./batchnorm_claims.ts";
import {
  batch,
  type BatchNormSetup,
  inspectUntrained,
  notebook,
  openInspectable,
  trainVersion,
  type VersionLosses,
} from "./batchnorm_nets.ts";
import { stdOf } from "./layer_stats.ts";
import { type NetVersion, netVersions } from "./net_versions.ts";

const hiddenUnits = 200;
/** Names of the values before and after tanh in the versions without batch norm. */
const beforeTanh = "layers.2", afterTanh = "layers.3";

/** 1. The first loss is far too high, because the untrained net is confident of wrong letters. */
export async function* tooConfident(setup: BatchNormSetup): AsyncGenerator<Item, VersionLosses[]> {
  yield heading("Too confident at the start");
  const { letters: { count }, mayDiffer } = setup, uniformLoss = Math.log(count);
  yield say(
    `This is the net of the lesson before: three letters of context, 200 hidden units, and all weights drawn with standard deviation 1. It knows nothing yet. If it considered all ${count} letters equally likely, its loss would be log ${count} = ${
      uniformLoss.toFixed(4)
    }.`,
  );
  const before = yield* trainVersion(netVersions[0], setup);
  const [firstLoss] = before.curve;
  yield check({
    name: "loss at step 0",
    ours: firstLoss,
    lecture: 27.8817,
    within: 5e-4,
    source: "makemore part 3, lecture",
    mayDiffer,
  });
  yield claim(tooConfidentAtStart, { first: firstLoss, uniform: uniformLoss });
  yield* versionChecks(netVersions[0], before, setup);
  yield say(
    "With the weights of the last layer times 0.01 and its bias at 0, all logits are near 0. A loss curve that falls steeply and then turns flat is called a hockey stick: its steep part is spent on making the weights smaller.",
  );
  yield code("pipelines/lesson/batchnorm/net_versions.ts", "netVersions");
  const after = yield* trainVersion(netVersions[1], setup);
  yield* versionChecks(netVersions[1], after, setup);
  yield figure(
    `The first ${Math.min(500, setup.steps)} steps. Each point is the mean of 5.`,
    lineChart({
      title: "loss",
      series: [before, after].map(({ name, curve }) => ({ name, ...means(curve.subarray(0, 500), 5) })),
      xLabel: "step",
    }),
  );
  const fall = ({ curve }: VersionLosses): number => {
    const { y } = means(curve.subarray(0, 100), Math.min(20, curve.length));
    return curve[0] - y[y.length - 1];
  };
  yield claim(noHockeyStick, { value: fall(after), other: fall(before) });
  return [before, after];
}

/** 2. A saturated tanh lets no gradient through. */
export async function* lessSaturated(setup: BatchNormSetup): AsyncGenerator<Item, VersionLosses> {
  yield heading("Saturated tanh");
  const { seed, letters } = setup;
  const inspect = async (version: NetVersion): Promise<StepInspection> => {
    const random = new TorchRandom(seed);
    await using net = await openInspectable(version.net(letters.count), { setup, random });
    return await inspectUntrained(net, setup);
  };
  const inspections = [await inspect(netVersions[1]), await inspect(netVersions[2])];
  const hidden = inspections.map(({ values }) => values[afterTanh].data);
  yield say(
    `The histograms show the hidden units after tanh, for a first batch. At first ${
      percent(saturation(hidden[0]))
    } of them are beyond ±0.99, because the inputs of tanh have standard deviation ${
      stdOf(inspections[0].values[beforeTanh].data).toFixed(1)
    }. The derivative of tanh, 1 - h², is nearly 0 there, so hardly any gradient gets through to the weights below.`,
  );
  yield figure(
    "Left: as drawn. Right: W1 times 0.2 and b1 times 0.01.",
    ...hidden.map((values) =>
      histogramChart({
        title: "hidden units, after tanh",
        series: [{ name: "h", values }],
        domain: [-1, 1],
      })
    ),
  );
  yield figure(
    "Dark (white in the lecture): |h| > 0.99. Rows are examples, columns are units. A column that is dark from top to bottom would be a dead unit, which learns from no example.",
    ...hidden.map(saturationMap),
  );
  yield table(
    ["net", "|h| > 0.99", "dead units"],
    hidden.map((h, i) => [netVersions[1 + i].name, percent(saturation(h)), deadUnitsText(h)]),
  );
  yield claim(lessSaturation, { value: saturation(hidden[1]), other: saturation(hidden[0]) });
  yield* plantDeadUnit(setup);
  const losses = yield* trainVersion(netVersions[2], setup);
  yield* versionChecks(netVersions[2], losses, setup);
  return losses;
}

/** Makes a unit dead, and shows that the checks notice it. */
async function* plantDeadUnit(setup: BatchNormSetup): AsyncGenerator<Item> {
  const model = netVersions[2].net(setup.letters.count), random = new TorchRandom(setup.seed), dead = 7;
  const weights = torchWeights(model, random), bias = weights["layers.2.bias"];
  const data = Float32Array.from(bias.data, (b, unit) => unit === dead ? 100 : b);
  await using net = await openInspectable(model, {
    setup,
    random,
    weights: { ...weights, "layers.2.bias": { ...bias, data } },
  });
  const { values, gradients } = await inspectUntrained(net, setup);
  yield say(`Would we notice a dead unit? We give unit ${dead} a bias of 100:`);
  yield code("stages/inspect/dead_units.ts", "deadUnits");
  const source = "by construction";
  yield check({
    name: "dead units",
    ours: deadUnitsText(values[afterTanh].data),
    lecture: `${dead}`,
    source,
  });
  const ownGradients = gradients["layers.2.weight"].data.filter((_, i) => i % hiddenUnits === dead);
  yield check({
    name: "largest gradient of its weights",
    ours: Math.max(...ownGradients.map(Math.abs)),
    lecture: 0,
    source,
  });
}

/** 3. The rule for the scale of initial weights. */
export async function* kaiming(setup: BatchNormSetup): AsyncGenerator<Item, VersionLosses> {
  yield heading("Initial weights by a rule");
  const inputs = 3 * 10; // three embeddings of ten numbers
  yield say(
    `The factor 0.2 was found by trial, but there is a rule. A sum of n products of numbers with standard deviation 1 has standard deviation √n. So divide the weights by √n, where n is the number of inputs of the layer. tanh then makes numbers smaller, and a gain of 5/3 compensates for it (for ReLU, He et al. 2015 found √2). Here n is ${inputs}, and the rule gives (5/3) / √${inputs} = ${
      (5 / 3 / Math.sqrt(inputs)).toFixed(3)
    }.`,
  );
  yield code("pipelines/lesson/batchnorm/initial_weights.ts", "product");
  // #region product
  const random = new TorchRandom(setup.seed), n = 10;
  const x = new Matrix(1000, n, random.randn(1000 * n)), w = new Matrix(n, 200, random.randn(n * 200));
  // #endregion
  const factors = [["1", 1], ["5", 5], ["1 / √10", 1 / Math.sqrt(n)]] as const;
  yield table(
    ["factor of w", "std of x", "std of x @ w"],
    factors.map(([name, factor]) => [name, stdOf(x.data), stdOf(x.matmul(w.times(factor)).data)]),
  );
  const scaled = x.matmul(w.times(1 / Math.sqrt(n)));
  yield claim(rootKeepsStd, { before: stdOf(x.data), after: stdOf(scaled.data) });
  const losses = yield* trainVersion(netVersions[3], setup);
  yield* versionChecks(netVersions[3], losses, setup);
  return losses;
}

/** Compares the losses of a version with the losses in the lecture's log. */
export function* versionChecks(
  version: NetVersion,
  { curve, train, dev }: VersionLosses,
  { lossMayDiffer: mayDiffer }: BatchNormSetup,
): Generator<Item> {
  yield say(`Version "${version.name}": ${version.change}. Its first loss is ${curve[0].toFixed(4)}.`);
  const options = { within: .01, source: `${notebook}, its log`, mayDiffer };
  yield check({ name: `${version.name}: train`, ours: train, lecture: version.lecture.train, ...options });
  yield check({ name: `${version.name}: dev`, ours: dev, lecture: version.lecture.dev, ...options });
}

/** Returns a map of the units with `|h| > 0.99`, with a row for each example. */
function saturationMap(h: ArrayLike<number>): Chart {
  const values = Array.from({ length: batch }, (_, row) => {
    return Array.from(
      { length: hiddenUnits },
      (_, unit) => Math.abs(h[row * hiddenUnits + unit]) > .99 ? 1 : 0,
    );
  });
  return heatmapChart({
    title: "saturated units",
    values,
    xLabel: "unit",
    yLabel: "example",
    full: 1,
    height: 200,
  });
}

/** Returns the fraction of the values with `|h| > 0.99`. */
function saturation(h: ArrayLike<number>): number {
  return Array.from(h).filter((x) => Math.abs(x) > .99).length / h.length;
}

function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(1)} %`;
}

/** Returns the dead units as text: their indices, or only their number if there are many. */
function deadUnitsText(h: ArrayLike<number>): string {
  const dead = deadUnits(h, { units: hiddenUnits });
  return dead.length > 8 ? `${dead.length} of ${hiddenUnits}` : dead.join(" ") || "none";
}
