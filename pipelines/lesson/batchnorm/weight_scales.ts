/**
 * Section of the lesson on batch norm about the scale of a deep net's initial weights.
 *
 * @module
 */
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import { TorchRandom } from "../../../kernels/random/torch_random.ts";
import { deepMlp, type DeepMlpOptions } from "../../../kernels/models/course/name_nets.ts";
import { torchWeights } from "../../../kernels/models/course/torch_weights.ts";
import { histogramChart } from "../../../stages/report/chart/histogram.ts";
import { claim } from "../claim.ts";
import { figure, heading, type Item, progress, say, table } from "../item.ts";
import { gainOneShrinks, normEvensOut } from "./batchnorm_claims.ts";
import { type BatchNormSetup, inspectUntrained, openInspectable } from "./batchnorm_nets.ts";
import { afterTanh, tanhName } from "./deep_net.ts";
import { type LayerStats, layerStats, matricesOf } from "./layer_stats.ts";

/** Indices of the tanh layers in the net without batch norm. */
const afterTanhWithoutNorm = [3, 5, 7, 9, 11];

/** A scale of the initial weights, and whether the net has batch norm. */
interface WeightScale {
  readonly name: string;
  readonly options: DeepMlpOptions;
  /** Whether the weights of a layer are divided by the square root of its number of inputs. */
  readonly divided: boolean;
}

const scales: readonly WeightScale[] = [
  { name: "gain 1", options: { norm: false, gain: 1 }, divided: true },
  { name: "gain 5/3", options: { norm: false, gain: 5 / 3 }, divided: true },
  { name: "as drawn", options: { norm: false, gain: 1 }, divided: false },
  { name: "gain 1, batch norm", options: { gain: 1 }, divided: true },
  { name: "gain 5/3, batch norm", options: { gain: 5 / 3 }, divided: true },
  { name: "as drawn, batch norm", options: { gain: 1 }, divided: false },
];

/** Statistics of an untrained net whose weights have this scale. */
interface ScaleStats {
  readonly name: string;
  readonly layers: readonly LayerStats[];
}

/**
 * 7. The same net before its first step, for several scales of the weights, some with batch norm and some
 *   without.
 */
export async function* weightScales(setup: BatchNormSetup): AsyncGenerator<Item> {
  yield heading("The scale of the weights");
  yield say(
    "Without batch norm, the scale of the weights decides how large the activations of a deep net are. The table shows standard deviations of the five layers after tanh and of their gradients, before the first step:",
  );
  const results: ScaleStats[] = [];
  for (const { name, options, divided } of scales) {
    const model = deepMlp({ vocabSize: setup.letters.count, ...options }),
      random = new TorchRandom(setup.seed);
    const scaled = torchWeights(model, random), weights = divided ? scaled : withoutDivision(scaled);
    await using net = await openInspectable(model, { setup, random, weights });
    const inspection = await inspectUntrained(net, setup);
    results.push({
      name,
      layers: layerStats(inspection, options.norm === false ? afterTanhWithoutNorm : afterTanh),
    });
    yield progress(name);
  }
  yield table(
    ["weights", "std of tanh 1 to 5", "tanh 5 saturated", "std of gradients, thousandths"],
    results.map(({ name, layers }) => [
      name,
      layers.map(({ std }) => std.toFixed(2)).join(" "),
      `${(100 * layers[4].saturated).toFixed(0)} %`,
      layers.map(({ gradientStd }) => (1000 * gradientStd).toPrecision(2)).join(" "),
    ]),
  );
  const withoutNorm = results.slice(0, 3), withNorm = results.slice(3);
  const firstAndLast = ({ layers }: ScaleStats) => ({ value: layers[0].std, other: layers[4].std });
  yield claim(gainOneShrinks, { one: firstAndLast(results[0]), more: firstAndLast(results[1]) });
  yield figure(
    "The outputs of the tanh layers without batch norm.",
    ...withoutNorm.map(({ name, layers }) =>
      histogramChart({
        title: name,
        series: layers.map(({ values }, i) => ({ name: tanhName(i), values })),
        domain: [-1, 1],
      })
    ),
  );
  const stds = withNorm.map(({ layers }) => layers[4].std);
  const lowest = Math.min(...stds), highest = Math.max(...stds);
  yield claim(normEvensOut, { lowest, highest });
  yield say("But the gradient of a larger weight is smaller, so the learning rate must still fit the scale.");
}

/**
 * Multiplies the weights of each linear layer except the last by the square root of its number of inputs, so
 * that their standard deviation is 1.
 */
function withoutDivision(weights: TensorMap): TensorMap {
  const names = matricesOf(weights).slice(1, -1); // the first matrix is the embedding
  const larger = names.map((name) => {
    const { shape, data } = weights[name];
    return [name, { shape, data: Float32Array.from(data, (w) => w * Math.sqrt(shape[0])) }] as const;
  });
  return { ...weights, ...Object.fromEntries(larger) };
}
