/**
 * Shows how a linear layer changes the standard deviation of values in the forward pass and of gradients in
 * the backward pass, and how batch norm prevents this. Source: the bonus cells of the lecture's notebook.
 *
 * @module
 */
import { TorchRandom } from "../../../kernels/random/torch_random.ts";
import { claim } from "../claim.ts";
import { check, code, heading, type Item, say } from "../item.ts";
import { layerMultipliesByRoot } from "./batchnorm_claims.ts";
import { stdOf } from "./layer_stats.ts";

const n = 1000;

/**
 * Shows a linear layer with a thousand inputs, a thousand outputs and unscaled weights, first alone and then
 * followed by batch norm.
 */
export function* unscaledLinear(
  { seed, source, mayDiffer }: {
    readonly seed: number;
    readonly source: string;
    readonly mayDiffer: string | null;
  },
): Generator<Item> {
  yield heading("One linear layer, and batch norm after it");
  const random = new TorchRandom(seed), input = random.randn(n), weight = random.randn(n * n);
  const output = new Float64Array(n).map((_, i) => dot(weight.subarray(i * n, (i + 1) * n), input));
  const outputGradient = random.randn(n); // the loss is the dot product of these numbers and the output
  const inputGradient = backThrough(weight, outputGradient);
  const stdChecks = (stds: readonly (readonly [name: string, std: number, lecture: number])[]): Item[] =>
    stds.map(([name, ours, lecture]) =>
      check({ name, ours, lecture, within: lecture > 10 ? 1e-3 : 1e-5, source, mayDiffer })
    );
  yield say(
    `This linear layer has ${n.toLocaleString("en-US")} inputs and ${
      n.toLocaleString("en-US")
    } outputs. Its weights are as drawn, with standard deviation 1. These are the standard deviations of its numbers and of the gradients:`,
  );
  yield code("pipelines/lesson/batchnorm/unscaled_linear.ts", "backThrough");
  yield* stdChecks([
    ["input", stdOf(input), .9875972],
    ["weight", stdOf(weight), 1.0006722],
    ["output", stdOf(output), 31.0124168],
    ["gradient of the output", stdOf(outputGradient), .9782556],
    ["gradient of the input", stdOf(inputGradient), 30.8818302],
    ["gradient of the weight", outerStd(outputGradient, input), .9666601],
  ]);
  yield claim(layerMultipliesByRoot, {
    forward: stdOf(output) / stdOf(input),
    backward: stdOf(inputGradient) / stdOf(outputGradient),
    root: Math.sqrt(n),
  });
  yield say(
    "There are two remedies. One is to divide the weights by that root, the other is batch norm after the layer:",
  );
  const std = Math.sqrt(stdOf(output) ** 2 + 1e-5), mean = meanOf(output);
  const normed = output.map((x) => (x - mean) / std);
  const meanGradient = meanOf(outputGradient), along = dot(outputGradient, normed) / (n - 1);
  const beforeNorm = Float64Array.from(
    outputGradient,
    (g, i) => (g - meanGradient - normed[i] * along) / std,
  );
  const inputGradientWithNorm = backThrough(weight, beforeNorm);
  yield* stdChecks([
    ["with batch norm: output", stdOf(normed), 1],
    ["with batch norm: gradient before it", stdOf(beforeNorm), .0315440],
    ["with batch norm: gradient of the weight", outerStd(beforeNorm, input), .0311695],
    ["with batch norm: gradient of the input", stdOf(inputGradientWithNorm), .9953053],
  ]);
  yield say(
    `With batch norm, the standard deviations of the output and of the input's gradient are ${
      stdOf(normed).toFixed(2)
    } and ${
      stdOf(inputGradientWithNorm).toFixed(2)
    }, whatever the scale of the weights. The gradient of the weights is divided by that scale, so larger weights learn in smaller steps. This is why the learning rate must be checked again.`,
  );
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** Returns the gradient of the input, which is `weightᵀ · outputGradient`. */
function backThrough(weight: ArrayLike<number>, outputGradient: ArrayLike<number>): Float64Array {
  const out = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) out[j] += weight[i * n + j] * outputGradient[i];
  }
  return out;
}

/**
 * Returns the standard deviation of the gradient of the weight, which is `outputGradient · inputᵀ`. It is
 * computed from sums over the two vectors, because the matrix has a million numbers.
 */
function outerStd(outputGradient: ArrayLike<number>, input: ArrayLike<number>): number {
  const mean = meanOf(outputGradient) * meanOf(input);
  const squares = dot(outputGradient, outputGradient) * dot(input, input);
  return Math.sqrt((squares - n * n * mean ** 2) / (n * n - 1));
}

function meanOf(values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, x) => sum + x, 0) / values.length;
}
