/**
 * Ours to the exercises of the lesson on batch norm.
 *
 * @module
 */
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import { TorchRandom } from "../../../kernels/random/torch_random.ts";
import { largestDifference } from "../../../kernels/models/course/matrix.ts";
import { type ContextNet, mlp, mlpWithNorm } from "../../../kernels/models/course/name_nets.ts";
import { torchWeights } from "../../../kernels/models/course/torch_weights.ts";
import { batch, context, type Given, openNet } from "./batchnorm_nets.ts";
import { check, type Item, say, table } from "../item.ts";
import { stdOf } from "./layer_stats.ts";
import { trainOn } from "../net_training.ts";

const source = "makemore part 3, exercises";

/** E01: zeros everywhere. */
export async function* nothingToLearnFrom(given: Given): AsyncGenerator<Item> {
  const { letters, parts, seed, mayDiffer } = given, model = mlp({ vocabSize: letters.count });
  const zeros = Object.fromEntries(
    Object.entries(torchWeights(model, new TorchRandom(seed))).map((
      [name, { shape, data }],
    ) => [name, { shape, data: new Float32Array(data.length) }]),
  );
  const random = new TorchRandom(seed);
  await using net = await openNet(model, { given, random, weights: zeros });
  const { gradients } = await net.inspect(parts.rows.train.slice(0, batch));
  yield* trainOn(net, { steps: 2000, among: parts.rows.train.length, batch, random, rate: () => .1 });
  yield* trainOn(net, { steps: 2000, among: parts.rows.train.length, batch, random, rate: () => .01 });
  const weights = await net.weights(), names = Object.keys(weights);
  const largest = (values: ArrayLike<number>): number =>
    largestDifference(values, new Float32Array(values.length));
  yield table(
    ["parameter", "largest gradient at the beginning", "largest value after 4,000 steps"],
    names.map((name) => [name, largest(gradients[name].data), largest(weights[name].data)]),
  );
  const moved = names.filter((name) => largest(weights[name].data) > 0);
  yield check({
    name: "what learned",
    ours: moved.join(" "),
    lecture: "layers.4.bias",
    source: "by the formulas below",
  });
  yield say(
    "Only the last bias learns. The hidden units are tanh(0) = 0, so the last weight's gradient, their product with that of the logits, is 0. And what flows back to the hidden units goes through the last weight, which is 0: nothing before it gets a gradient either. Both stay at 0, for ever.",
  );
  const counts = new Float64Array(letters.count);
  for (const row of parts.rows.train) counts[parts.examples.targets[row]]++;
  const odds = counts.map((n) => n / parts.rows.train.length);
  const entropy = odds.reduce((sum, p) => sum - (p > 0 ? p * Math.log(p) : 0), 0);
  yield say(
    "A bias alone can say how frequent each letter is, whatever came before it. So the loss ends at that of a model of single letters, counted:",
  );
  yield check({
    name: "loss, train",
    ours: await net.loss(parts.rows.train),
    lecture: entropy,
    within: .01,
    source: "the entropy of the letters' counts",
  });
  yield say(
    `What a net begins with must differ from unit to unit${
      mayDiffer === null ? "" : ", whatever the data"
    }: zeros do for the last bias, not for weights.`,
  );
}

/** E02: batch norm folded into the layer before it. */
export async function* foldedBatchNorm(given: Given): AsyncGenerator<Item> {
  const { letters, parts, seed } = given, random = new TorchRandom(seed), vocabSize = letters.count;
  await using net = await openNet(mlpWithNorm({ vocabSize }), { given, random });
  yield* trainOn(net, { steps: 1000, among: parts.rows.train.length, batch, random, rate: () => .1 });
  const weights = await net.weights(), folded = foldBatchNorm(weights);
  yield say(
    "Batch norm with running statistics is `gain · (x @ W - mean) / std + bias`: a number times x @ W plus a number, unit by unit. So `W' = W · gain / std`, each column by its own, and `b' = bias - mean · gain / std`.",
  );
  const plain: ContextNet = mlp({ vocabSize });
  await using other = await openNet(plain, { given, random, weights: folded });
  let most = 0, spread = 0;
  const { dev } = parts.rows, many = Math.min(300, dev.length);
  for (const row of dev.subarray(0, many)) {
    const before = parts.examples.inputs.subarray(row * context, (row + 1) * context);
    const logits = await net.predict(before);
    most = Math.max(most, largestDifference(logits, await other.predict(before)));
    spread = Math.max(spread, stdOf(logits));
  }
  yield table(["net", "tensors", "loss, dev"], [
    ["with batch norm", Object.keys(weights).length, await net.loss(dev)],
    ["folded", Object.keys(folded).length, await other.loss(dev)],
  ]);
  yield say(`Over ${many} contexts whose logits spread by up to ${spread.toFixed(1)}:`);
  yield check({ name: "largest difference of a logit", ours: most, lecture: 0, within: 1e-5, source });
}

/** The weights of a net without batch norm that gives the same: those of `mlpWithNorm` as those of `mlp`. */
export function foldBatchNorm(weights: TensorMap): TensorMap {
  const { shape, data } = weights["layers.2.weight"], hidden = shape[1];
  const of = (name: string): ArrayLike<number> => weights[`layers.3.${name}`].data;
  const [gain, shift, mean, std] = ["gamma", "beta", "running_mean", "running_std"].map(of);
  const slope = Float64Array.from({ length: hidden }, (_, j) => gain[j] / std[j]);
  return {
    "layers.0.weight": weights["layers.0.weight"],
    "layers.2.weight": { shape, data: Float32Array.from(data, (w, i) => w * slope[i % hidden]) },
    "layers.2.bias": { shape: [hidden], data: Float32Array.from(slope, (s, j) => shift[j] - mean[j] * s) },
    "layers.4.weight": weights["layers.5.weight"],
    "layers.4.bias": weights["layers.5.bias"],
  };
}
