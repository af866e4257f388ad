/**
 * The lecture's deep net, looked into: is each layer alive, and does each learn as fast as the others?
 *
 * @module
 */
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import { TorchRandom } from "../../../kernels/random/torch_random.ts";
import { countParameters } from "../../../kernels/models/model.ts";
import { deepMlp, type DeepMlpOptions } from "../../../kernels/models/course/name_nets.ts";
import { torchWeights } from "../../../kernels/models/course/torch_weights.ts";
import { histogramChart } from "../../../stages/report/chart/histogram.ts";
import { lineChart } from "../../../stages/report/chart/line.ts";
import { batch, context, firstLook, type Given, openNet } from "./batchnorm_nets.ts";
import { drawNames } from "../draw_names.ts";
import { check, figure, heading, type Item, progress, say, table } from "../item.ts";
import { layerStats, matricesOf, updateTrace, weightStats } from "./layer_stats.ts";
import { softmax } from "../net_training.ts";

const source = "makemore part 3, notebook";
const afterTanh = [4, 7, 10, 13, 16]; // layers of the net with batch norm
const last = 1000; // the step at which the notebook breaks off

/** The first names that its net draws then. */
const publishedNames =
  "carpah. qarlileif. jmrix. thty. sacansa. jazhnte. dpn. arciigqeiunellaia. chriiv. kalein.".split(" ");

/** Six layers, batch norm after each: 1,001 steps, and what its inside looks like then. */
export async function* deepNet(given: Given): AsyncGenerator<Item> {
  yield heading("A look into a deep net");
  const { letters, parts: { rows }, seed, mayDiffer } = given, random = new TorchRandom(seed);
  const model = deepMlp({ vocabSize: letters.count });
  yield say(
    "Six linear layers of 100 units, batch norm after each, tanh between them; the last gain is 0.1, so that it is not too sure. 1,001 steps at rate 0.1.",
  );
  yield check({ name: "parameters", ours: countParameters(model), lecture: 47024, source, mayDiffer });
  await using net = await openNet(model, { given, random });
  const trace = yield* updateTrace(net, {
    until: last,
    every: 10,
    random,
    among: rows.train.length,
    batch,
    rate: .1,
  });
  yield check({
    name: "loss at step 0",
    ours: trace.first,
    lecture: 3.2870,
    within: 5e-4,
    source,
    mayDiffer,
  });

  const layers = layerStats(trace.last, afterTanh),
    numbered = layers.map((own, i) => ({ ...own, name: `tanh ${i + 1}` }));
  yield figure(
    "Every layer uses the whole range and few units stand at its ends.",
    histogramChart({ title: "activations", series: numbered, domain: [-1, 1] }),
  );
  yield table(
    ["layer", "mean", "spread", "above 0.97"],
    numbered.map(({ name, mean, std, saturated }) => {
      return [name, mean, std, `${(100 * saturated).toFixed(2)} %`];
    }),
  );
  const saturation = [2.78, 2.56, 2.25, 1.69, 1.88], spread = [.63, .64, .65, .65, .65];
  for (const [i, { name, std, saturated }] of numbered.entries()) {
    yield check({
      name: `${name}: saturated, %`,
      ours: 100 * saturated,
      lecture: saturation[i],
      within: .3,
      source,
      mayDiffer,
    });
    yield check({ name: `${name}: spread`, ours: std, lecture: spread[i], within: .01, source, mayDiffer });
  }
  yield figure(
    "The gradients of all layers are alike: they neither vanish on the way back nor grow.",
    histogramChart({
      title: "gradients of the activations",
      series: numbered.map(({ name, gradients: values }) => ({ name, values })),
    }),
  );
  const slopes = [2.640702e-3, 2.245584e-3, 2.045742e-3, 1.983134e-3, 1.952382e-3];
  for (const [i, { name, gradientStd }] of numbered.entries()) {
    yield check({
      name: `${name}: spread of the gradient`,
      ours: gradientStd,
      lecture: slopes[i],
      within: 2e-5,
      source,
      mayDiffer,
    });
  }
  const weights = weightStats(trace.last, await net.weights());
  yield figure(
    "The last layer's gradients are larger: the only one that was made less sure.",
    histogramChart({
      title: "gradients of the weights",
      series: weights.map(({ shape, gradients }, i) => ({ name: `${i + 1}: ${shape}`, values: gradients })),
      domain: [-.04, .04],
    }),
  );
  const ratios = [8.012630e-3, 4.881091e-2, 6.964619e-2, 6.073741e-2, 5.631483e-2, 5.570125e-2, 1.160106e-1];
  for (const [i, { shape, ratio }] of weights.entries()) {
    yield check({
      name: `weight ${i + 1}, ${shape}: gradient to data`,
      ours: ratio,
      lecture: ratios[i],
      within: 5e-4,
      source,
      mayDiffer,
    });
  }
  yield* updates(trace);
  yield progress("the loss of all examples");
  const held = { within: .002, source, mayDiffer };
  yield check({ name: "loss, train", ours: await net.loss(rows.train), lecture: 2.4002976, ...held });
  yield check({ name: "loss, dev", ours: await net.loss(rows.dev), lecture: 2.3982468, ...held });
  const odds = async (before: readonly number[]): Promise<Float64Array> => {
    return softmax(await net.predict(before.slice(-context)));
  };
  const drawn = await drawNames(odds, {
    letters,
    random: new TorchRandom((seed + 10) % 2 ** 32),
    count: publishedNames.length,
    exponentialRace: true, // as torch draws since then
  });
  yield say("Names, of a net that has learned for a few seconds:");
  yield check({ name: "names", ours: drawn.join(" "), lecture: publishedNames.join(" "), source, mayDiffer });
}

function* updates(
  { steps, names, ratios }: {
    readonly steps: readonly number[];
    readonly names: readonly string[];
    readonly ratios: readonly (readonly number[])[];
  },
): Generator<Item> {
  yield say(
    "What counts in the end is how far a step moves a weight, measured by the weight itself: the spread of rate times gradient over that of the data. About a thousandth, -3 on this scale, is right; far below a layer learns too slowly, far above it is thrown about.",
  );
  yield figure(
    "After the first steps all layers move alike, somewhat above -3: this rate is on the high side.",
    lineChart({
      title: "log10 of update to data",
      series: names.map((name, i) => ({ name, x: steps, y: ratios.map((all) => all[i]) })),
      xLabel: "step",
      marks: [{ y: -3, label: "-3" }],
    }),
  );
}

/** The same net before its first step under other scales of the weights, with batch norm and without. */
export async function* gains(given: Given): AsyncGenerator<Item> {
  yield heading("Gains");
  yield say(
    "Without batch norm, the scale of the weights decides. Spreads of the five layers after tanh, and of the loss's gradients there, before the first step:",
  );
  const rows: (readonly (string | number)[])[] = [],
    shown: { name: string; values: ArrayLike<number> }[][] = [];
  for (const [name, options, scaled] of variants) {
    const model = deepMlp({ vocabSize: given.letters.count, ...options }),
      random = new TorchRandom(given.seed);
    const drawn = torchWeights(model, random);
    await using net = await openNet(model, { given, random, weights: scaled ? drawn : unscaled(drawn) });
    const look = await firstLook(net, given);
    const layers = layerStats(look, options.norm === false ? [3, 5, 7, 9, 11] : afterTanh);
    rows.push([
      name,
      layers.map(({ std }) => std.toFixed(2)).join(" "),
      `${(100 * layers[4].saturated).toFixed(0)} %`,
      layers.map(({ gradientStd }) => (1000 * gradientStd).toPrecision(2)).join(" "),
    ]);
    shown.push(layers.map(({ values }, i) => ({ name: `tanh ${i + 1}`, values })));
    yield progress(name);
  }
  yield table(["weights", "spread of tanh 1 to 5", "ends of 5", "gradients, thousandths"], rows);
  yield figure(
    "Gain 1: tanh squeezes a little in every layer. Gain 5/3 holds. As drawn: all at the ends.",
    ...[0, 1, 2].map((i) => histogramChart({ title: variants[i][0], series: shown[i], domain: [-1, 1] })),
  );
  yield say(
    "With batch norm all scales give the same activations, even weights as they are drawn: what was tuned to a hair is now of no matter. The gradient of a larger weight is smaller in turn, so the rate must still fit.",
  );
}

/** Name, options, and whether weights are divided by the root of their layer's inputs. */
const variants: readonly (readonly [string, DeepMlpOptions, boolean])[] = [
  ["gain 1", { norm: false, gain: 1 }, true],
  ["gain 5/3", { norm: false, gain: 5 / 3 }, true],
  ["as drawn", { norm: false, gain: 1 }, false],
  ["gain 1, batch norm", { gain: 1 }, true],
  ["gain 5/3, batch norm", { gain: 5 / 3 }, true],
  ["as drawn, batch norm", { gain: 1 }, false],
];

/** Weights of spread 1: all but the embedding and the last layer times the root of their inputs. */
function unscaled(weights: TensorMap): TensorMap {
  const names = matricesOf(weights).slice(1, -1);
  const larger = names.map((name) => {
    const { shape, data } = weights[name];
    return [name, { shape, data: Float32Array.from(data, (w) => w * Math.sqrt(shape[0])) }] as const;
  });
  return { ...weights, ...Object.fromEntries(larger) };
}
