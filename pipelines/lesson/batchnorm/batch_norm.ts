/**
 * Sections of the lesson on batch norm that add batch norm to the net and compare all five versions of the
 * net.
 *
 * @module
 */
import { Matrix } from "../../../kernels/models/course/matrix.ts";
import { countParameters } from "../../../kernels/models/model.ts";
import { lineChart } from "../../../stages/report/chart/line.ts";
import type { DeviceTrainer } from "../../../stages/train/on_device/device_trainer.ts";
import { calibrationMoments } from "../backprop/manual_mlp_net.ts";
import { claim } from "../claim.ts";
import { drawNames, netProbabilities, samplingRandom } from "../draw_names.ts";
import { check, code, figure, heading, type Item, lines, say, table } from "../item.ts";
import type { Examples, SplitExamples } from "../letters.ts";
import { means, pointCaption } from "../net_training.ts";
import { runningSuffices, shallowNetsLearn, smallerIsBetter } from "./batchnorm_claims.ts";
import {
  type BatchNormSetup,
  context,
  notebook,
  trainVersion,
  type VersionLosses,
} from "./batchnorm_nets.ts";
import { versionChecks } from "./initial_weights.ts";
import { netVersions, publishedTrace } from "./net_versions.ts";

/** 4. Batch norm: hidden units should have mean 0 and standard deviation 1, so a layer normalizes them. */
export async function* withBatchNorm(setup: BatchNormSetup): AsyncGenerator<Item, VersionLosses> {
  yield heading("Batch norm");
  const { letters, mayDiffer } = setup, version = netVersions[4];
  yield say(
    "The idea of Ioffe and Szegedy (2015) is simple. Hidden units should have mean 0 and standard deviation 1, so subtract the mean of the batch and divide by its standard deviation. Gradients pass through these operations as through any others. Each unit also learns a gain and a bias, so that it can have another mean and standard deviation where that is better. The layer before needs no bias, because batch norm would subtract it again.",
  );
  yield code("kernels/models/course/batch_norm_layer.ts", "batchNormLayer");
  yield check({
    name: "parameters",
    ours: countParameters(version.net(letters.count)),
    lecture: 12097,
    source: notebook,
    mayDiffer,
  });
  return yield* trainVersion(version, setup, async function* (net, losses) {
    yield* versionChecks(version, losses, setup);
    yield* notebookChecks(losses, setup);
    yield* statisticsWithoutBatch(net, setup);
  });
}

/**
 * Compares losses during and after training with the losses printed in the notebook. The printed losses are
 * newer than the losses in the notebook's log.
 */
function* notebookChecks(
  { curve, train, dev }: VersionLosses,
  { mayDiffer, lossMayDiffer, steps }: BatchNormSetup,
): Generator<Item> {
  for (const [i, lecture] of publishedTrace.entries()) {
    const step = i * 10_000;
    if (step >= steps) break;
    yield check({
      name: `loss at step ${step}`,
      ours: curve[step],
      lecture,
      within: 5e-4,
      source: notebook,
      mayDiffer: step === 0 ? mayDiffer : lossMayDiffer,
    });
  }
  const options = { within: .002, source: notebook, mayDiffer: lossMayDiffer };
  yield check({ name: "loss, train", ours: train, lecture: 2.0674145, ...options });
  yield check({ name: "loss, dev", ours: dev, lecture: 2.1056840, ...options });
}

/** Returns means and standard deviations that let batch norm process a single name, which has no batch. */
async function* statisticsWithoutBatch(
  net: DeviceTrainer,
  { letters, data, seed, steps }: BatchNormSetup,
): AsyncGenerator<Item, void> {
  yield say(
    "The net now sees each example through the statistics of its batch. This acts as noise, which also keeps the net from learning by heart. A single name has no batch, so its mean and standard deviation must come from elsewhere. They can be measured over all training examples at the end. Or running values can follow them during training: each step moves them by a thousandth of their distance to the batch's values.",
  );
  const weights = await net.weights(), hidden = weights["layers.2.weight"].shape[1];
  const matrix = (name: string): Matrix => {
    const { shape: [rows, columns], data } = weights[name];
    return new Matrix(rows, columns, data);
  };
  const measured = calibrationMoments({
    C: matrix("layers.0.weight"),
    W1: matrix("layers.2.weight"),
    b1: new Matrix(1, hidden),
  }, trainExamples(data));
  const [mean, std] = ["layers.3.running_mean", "layers.3.running_std"];
  const measuredMean = measured.mean.data, measuredStd = measured.variance.map(Math.sqrt).data;
  yield table(
    ["unit", "running mean", "measured mean", "running std", "measured std"],
    [0, 1, 2, 3, 4].map((unit) => [
      unit,
      weights[mean].data[unit],
      measuredMean[unit],
      weights[std].data[unit],
      measuredStd[unit],
    ]),
  );
  const losses = async (): Promise<{ train: number; dev: number }> => ({
    train: await net.loss(data.rows.train),
    dev: await net.loss(data.rows.dev),
  });
  const statistics = (values: ArrayLike<number>): { shape: number[]; data: Float32Array } => {
    return { shape: [hidden], data: Float32Array.from(values) };
  };
  const running = await losses();
  net.write({ [mean]: statistics(measuredMean), [std]: statistics(measuredStd) });
  const calibratedLosses = await losses();
  net.write({ [mean]: weights[mean], [std]: weights[std] });
  yield table(["statistics", "loss, train", "loss, dev"], [
    ["running", running.train, running.dev],
    ["measured", calibratedLosses.train, calibratedLosses.dev],
  ]);
  yield claim(runningSuffices, { running: running.dev, measured: calibratedLosses.dev, steps });
  yield say("The net draws these names:");
  const drawn = await drawNames(netProbabilities(net, context), {
    letters,
    random: samplingRandom(seed),
    count: 10,
    exponentialRace: true,
  });
  yield lines(drawn.join(" "));
}

/** Returns the examples of the train part, which come first in the data. */
function trainExamples({ examples: { inputs, targets }, rows: { train } }: SplitExamples): Examples {
  const count = train.length;
  return { context, count, inputs: inputs.subarray(0, context * count), targets: targets.subarray(0, count) };
}

/** 5. All five versions in one table. */
export function* compareVersions(
  versions: readonly VersionLosses[],
  { letters, steps }: BatchNormSetup,
): Generator<Item> {
  yield heading("All five versions");
  yield table(
    ["net", "first loss", "train", "dev", "lecture: train", "lecture: dev"],
    versions.map(({ name, curve, train, dev }, i) => {
      const { lecture } = netVersions[i];
      return [name, curve[0], train, dev, lecture.train, lecture.dev];
    }),
  );
  const width = Math.max(1, Math.floor(steps / 100));
  const top = Math.min(...versions.map(({ train }) => train)) + .9;
  yield figure(
    `The loss; ${pointCaption(width)}. Values above ${top.toFixed(1)} are cut off.`,
    lineChart({
      title: "loss",
      series: versions.map(({ name, curve }) => ({ name, ...means(curve, width) })),
      xLabel: "step",
      yDomain: [top - 1, top],
    }),
  );
  const dev = versions.map((version) => version.dev);
  yield claim(smallerIsBetter, { drawn: dev[0], last: dev[1], both: dev[2] });
  yield claim(shallowNetsLearn, {
    worst: Math.max(...dev),
    best: Math.min(...dev),
    uniform: Math.log(letters.count),
  });
  yield say(
    "The deeper a net is, the more its initial weights matter, and nobody balances fifty layers by hand. Batch norm makes that unnecessary.",
  );
}
