/**
 * Section of the lesson on batch norm about a deep net: whether each layer is used, and whether all layers
 * learn at a similar speed.
 *
 * @module
 */
import { TorchRandom } from "../../../kernels/random/torch_random.ts";
import { countParameters } from "../../../kernels/models/model.ts";
import { deepMlp } from "../../../kernels/models/course/name_nets.ts";
import { histogramChart } from "../../../stages/report/chart/histogram.ts";
import { lineChart } from "../../../stages/report/chart/line.ts";
import { drawNames, netProbabilities, samplingRandom } from "../draw_names.ts";
import { claim } from "../claim.ts";
import { check, code, figure, heading, type Item, progress, say, table } from "../item.ts";
import { gradientsKeepSize, lastGradientIsLargest, layersUseTanh, rateIsHigh } from "./batchnorm_claims.ts";
import {
  batch,
  type BatchNormSetup,
  context,
  notebook as source,
  openInspectable,
} from "./batchnorm_nets.ts";
import {
  type LayerStats,
  layerStats,
  type UpdateTrace,
  updateTrace,
  type WeightStats,
  weightStats,
} from "./layer_stats.ts";

/** Indices of the tanh layers. */
export const afterTanh: readonly number[] = [4, 7, 10, 13, 16];
/** The step at which the notebook stops. */
const lastStep = 1000;

/** The ten samples that the notebook draws first from its net after `lastStep`. */
const publishedNames =
  "carpah. qarlileif. jmrix. thty. sacansa. jazhnte. dpn. arciigqeiunellaia. chriiv. kalein.".split(" ");

/** 6. Six layers with batch norm after each, trained for 1,001 steps, and statistics of the inner values. */
export async function* deepNet(setup: BatchNormSetup): AsyncGenerator<Item> {
  yield heading("Inside a deep net");
  const { letters, data: { rows }, seed, mayDiffer } = setup, random = new TorchRandom(seed);
  const model = deepMlp({ vocabSize: letters.count });
  yield say(
    `The net has six linear layers, with batch norm after each. The first five have 100 units and tanh. The gain of the last batch norm starts at 0.1, so that the net is not too confident. We train for ${
      (lastStep + 1).toLocaleString("en-US")
    } steps at a rate of 0.1.`,
  );
  yield code("kernels/models/course/name_nets.ts", "deepMlp");
  yield check({ name: "parameters", ours: countParameters(model), lecture: 47024, source, mayDiffer });
  await using net = await openInspectable(model, { setup, random });
  const trace = yield* updateTrace(net, {
    until: lastStep,
    every: 10,
    random,
    among: rows.train.length,
    batch,
    rate: .1,
  });
  yield check({
    name: "loss at step 0",
    ours: trace.firstLoss,
    lecture: 3.2870,
    within: 5e-4,
    source,
    mayDiffer,
  });
  yield* activations(layerStats(trace.last, afterTanh), mayDiffer);
  yield* weightGradients(weightStats(trace.last, await net.weights()), mayDiffer);
  yield* updates(trace);
  yield progress("the loss of all examples");
  const options = { within: .002, source, mayDiffer };
  yield check({ name: "loss, train", ours: await net.loss(rows.train), lecture: 2.4002976, ...options });
  yield check({ name: "loss, dev", ours: await net.loss(rows.dev), lecture: 2.3982468, ...options });
  const drawn = await drawNames(netProbabilities(net, context), {
    letters,
    random: samplingRandom(seed),
    count: publishedNames.length,
    exponentialRace: true, // as in the notebook's version of torch
  });
  yield say("The net has learned for so few steps only. It draws these names:");
  yield check({ name: "names", ours: drawn.join(" "), lecture: publishedNames.join(" "), source, mayDiffer });
}

/** Returns the outputs of the tanh layers and their gradients, layer by layer. */
function* activations(layers: readonly LayerStats[], mayDiffer: string | null): Generator<Item> {
  yield claim(layersUseTanh, {
    saturated: Math.max(...layers.map(({ saturated }) => saturated)),
    std: Math.min(...layers.map(({ std }) => std)),
  });
  yield figure(
    "The outputs of the five tanh layers.",
    histogramChart({
      title: "activations",
      series: layers.map(({ values }, i) => ({ name: tanhName(i), values })),
      domain: [-1, 1],
    }),
  );
  yield table(
    ["layer", "mean", "std", "saturated"],
    layers.map(({ mean, std, saturated }, i) => {
      return [tanhName(i), mean, std, `${(100 * saturated).toFixed(2)} %`];
    }),
  );
  const lectureSaturation = [2.78, 2.56, 2.25, 1.69, 1.88], lectureStds = [.63, .64, .65, .65, .65];
  for (const [i, { std, saturated }] of layers.entries()) {
    yield check({
      name: `${tanhName(i)}: saturated, %`,
      ours: 100 * saturated,
      lecture: lectureSaturation[i],
      within: .3,
      source,
      mayDiffer,
    });
    const lecture = lectureStds[i];
    yield check({ name: `${tanhName(i)}: std`, ours: std, lecture, within: .01, source, mayDiffer });
  }
  const stds = layers.map(({ gradientStd }) => gradientStd), ratio = Math.max(...stds) / Math.min(...stds);
  yield claim(gradientsKeepSize, { ratio });
  yield figure(
    "The gradients of the same outputs.",
    histogramChart({
      title: "gradients of the activations",
      series: layers.map(({ gradients }, i) => ({ name: tanhName(i), values: gradients })),
    }),
  );
  const lectureGradients = [2.640702e-3, 2.245584e-3, 2.045742e-3, 1.983134e-3, 1.952382e-3];
  for (const [i, ours] of stds.entries()) {
    yield check({
      name: `${tanhName(i)}: std of the gradient`,
      ours,
      lecture: lectureGradients[i],
      within: 2e-5,
      source,
      mayDiffer,
    });
  }
}

/** Returns the name of a tanh layer in tables and charts. */
export function tanhName(layer: number): string {
  return `tanh ${layer + 1}`;
}

function* weightGradients(weights: readonly WeightStats[], mayDiffer: string | null): Generator<Item> {
  const stds = weights.map(({ gradientStd }) => gradientStd), last = stds.length - 1;
  yield claim(lastGradientIsLargest, { last: stds[last], others: Math.max(...stds.slice(0, last)) });
  yield figure(
    "The gradients of the weights, by the shape of the weight.",
    histogramChart({
      title: "gradients of the weights",
      series: weights.map(({ shape, gradients }, i) => ({ name: `${i + 1}: ${shape}`, values: gradients })),
      domain: [-.04, .04],
    }),
  );
  const lecture = [8.012630e-3, 4.881091e-2, 6.964619e-2, 6.073741e-2, 5.631483e-2, 5.570125e-2, 1.160106e-1];
  for (const [i, { shape, ratio }] of weights.entries()) {
    yield check({
      name: `weight ${i + 1}, ${shape}: std of gradient / std of weight`,
      ours: ratio,
      lecture: lecture[i],
      within: 5e-4,
      source,
      mayDiffer,
    });
  }
}

function* updates({ steps, names, ratios }: UpdateTrace): Generator<Item> {
  yield say(
    "What matters in the end is how far a step moves a weight, relative to the weight's own size. We divide the standard deviation of the update (rate times gradient) by that of the weight. About a thousandth is right, which is -3 on this log10 scale. If it is far lower, the layer learns too slowly; if it is far higher, its weights jump about.",
  );
  const final = ratios[ratios.length - 1], above = final.filter((ratio) => ratio > -3).length;
  yield code("pipelines/lesson/batchnorm/layer_stats.ts", "ratios");
  yield claim(rateIsHigh, {
    least: Math.min(...final),
    most: Math.max(...final),
    above,
    of: final.length,
  });
  yield figure(
    "The size of the updates, for each weight matrix.",
    lineChart({
      title: "log10 of std of update / std of weight",
      series: names.map((name, i) => ({ name, x: steps, y: ratios.map((all) => all[i]) })),
      xLabel: "step",
      marks: [{ y: -3, label: "-3" }],
    }),
  );
}
