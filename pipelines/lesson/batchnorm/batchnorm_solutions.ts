/**
 * Our solutions to the exercises of the lesson on batch norm.
 *
 * @module
 */
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import { TorchRandom } from "../../../kernels/random/torch_random.ts";
import { largestDifference } from "../../../kernels/models/course/matrix.ts";
import { mlp, mlpWithNorm } from "../../../kernels/models/course/name_nets.ts";
import { torchWeights } from "../../../kernels/models/course/torch_weights.ts";
import { claim } from "../claim.ts";
import { check, code, type Item, say, table } from "../item.ts";
import { onlyBiasLearns } from "./batchnorm_claims.ts";
import { trainOn } from "../net_training.ts";
import { batch, type BatchNormSetup, context, openInspectable } from "./batchnorm_nets.ts";
import { stdOf } from "./layer_stats.ts";

/** E01: all initial weights and biases are 0. */
export async function* zeroWeights(setup: BatchNormSetup): AsyncGenerator<Item> {
  const { letters, data: { examples, rows: { train } }, seed } = setup, random = new TorchRandom(seed);
  const model = mlp({ vocabSize: letters.count });
  const zeros = Object.fromEntries(
    Object.entries(torchWeights(model, new TorchRandom(seed))).map(([name, { shape, data }]) => {
      return [name, { shape, data: new Float32Array(data.length) }];
    }),
  );
  await using net = await openInspectable(model, { setup, random, weights: zeros });
  const { gradients } = await net.inspect(train.slice(0, batch));
  for (const rate of [.1, .01]) {
    yield* trainOn(net, { steps: 2000, among: train.length, batch, random, rate: () => rate });
  }
  const weights = await net.weights(), names = Object.keys(weights);
  const largest = (values: ArrayLike<number>): number =>
    largestDifference(values, new Float32Array(values.length));
  yield table(
    ["parameter", "largest gradient at the start", "largest value after 4,000 steps"],
    names.map((name) => [name, largest(gradients[name].data), largest(weights[name].data)]),
  );
  yield claim(onlyBiasLearns, { learned: names.filter((name) => largest(weights[name].data) > 0) });
  yield say(
    "The hidden units are tanh(0) = 0. The gradient of the last weight is the product of the hidden units and the gradient of the logits, so it is 0. The gradient of the hidden units comes through the last weight, which is 0, so no layer before it gets a gradient either. All these weights stay 0 forever.",
  );
  const counts = new Float64Array(letters.count);
  for (const row of train) counts[examples.targets[row]]++;
  const frequencies = counts.map((n) => n / train.length);
  const entropy = frequencies.reduce((sum, p) => sum - (p > 0 ? p * Math.log(p) : 0), 0);
  yield say(
    "A bias can only learn how frequent each letter is, whatever came before it. So the loss ends near that of a model that counts single letters:",
  );
  yield check({
    name: "loss, train",
    ours: await net.loss(train),
    lecture: entropy,
    within: .01,
    source: "the entropy of the letters' counts",
  });
  yield say(
    "So initial weights must differ from unit to unit. Zeros are fine for the last bias, but not for the weights.",
  );
}

/** E02: batch norm folded into the linear layer before it. */
export async function* foldedBatchNorm(setup: BatchNormSetup): AsyncGenerator<Item> {
  const { letters, data, seed } = setup, random = new TorchRandom(seed), vocabSize = letters.count;
  const { train, dev } = data.rows;
  await using net = await openInspectable(mlpWithNorm({ vocabSize }), { setup, random });
  yield* trainOn(net, { steps: 1000, among: train.length, batch, random, rate: () => .1 });
  const weights = await net.weights(), folded = foldBatchNorm(weights);
  yield say(
    "With running statistics, batch norm computes `gain · (x @ W - mean) / std + bias`. For each unit this multiplies x @ W by one number and adds another. So a linear layer alone gives the same with `W' = W · gain / std`, column by column, and `b' = bias - mean · gain / std`.",
  );
  yield code("pipelines/lesson/batchnorm/batchnorm_solutions.ts", "foldBatchNorm");
  await using foldedNet = await openInspectable(mlp({ vocabSize }), { setup, random, weights: folded });
  let difference = 0, largestStd = 0;
  const count = Math.min(300, dev.length);
  for (const row of dev.subarray(0, count)) {
    const before = data.examples.inputs.subarray(row * context, (row + 1) * context);
    const logits = await net.predict(before);
    difference = Math.max(difference, largestDifference(logits, await foldedNet.predict(before)));
    largestStd = Math.max(largestStd, stdOf(logits));
  }
  yield table(["net", "tensors", "loss, dev"], [
    ["with batch norm", Object.keys(weights).length, await net.loss(dev)],
    ["folded", Object.keys(folded).length, await foldedNet.loss(dev)],
  ]);
  yield say(
    `We compare the logits of ${count} contexts, whose standard deviation is up to ${largestStd.toFixed(1)}:`,
  );
  yield check({
    name: "largest difference of a logit",
    ours: difference,
    lecture: 0,
    within: 1e-5,
    source: "makemore part 3, exercises",
  });
}

/**
 * Converts weights of `mlpWithNorm` to weights of `mlp`, the net without batch norm, that give the same
 * logits.
 */
export function foldBatchNorm(weights: TensorMap): TensorMap {
  const { shape, data } = weights["layers.2.weight"], hidden = shape[1];
  const statistic = (name: string): ArrayLike<number> => weights[`layers.3.${name}`].data;
  const [gain, bias, mean, std] = ["gamma", "beta", "running_mean", "running_std"].map(statistic);
  const factor = Float64Array.from({ length: hidden }, (_, j) => gain[j] / std[j]);
  return {
    "layers.0.weight": weights["layers.0.weight"],
    "layers.2.weight": { shape, data: Float32Array.from(data, (w, i) => w * factor[i % hidden]) },
    "layers.2.bias": { shape: [hidden], data: Float32Array.from(factor, (f, j) => bias[j] - mean[j] * f) },
    "layers.4.weight": weights["layers.5.weight"],
    "layers.4.bias": weights["layers.5.bias"],
  };
}
