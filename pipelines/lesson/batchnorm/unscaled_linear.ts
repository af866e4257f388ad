/**
 * What a linear layer does to the spread of what passes it, forward and back; and what batch norm makes of that. The bonus
 * cells of the lecture's notebook.
 *
 * @module
 */
import { TorchRandom } from "../../../kernels/random/torch_random.ts";
import { check, type Item, say } from "../item.ts";
import { stdOf } from "./layer_stats.ts";

const n = 1000;

/** A layer of a thousand inputs and outputs, its weights as drawn: without and with batch norm after it. */
export function* unscaledLinear(
  { seed, source, mayDiffer }: {
    readonly seed: number;
    readonly source: string;
    readonly mayDiffer: string | null;
  },
): Generator<Item> {
  const random = new TorchRandom(seed), input = random.randn(n), weight = random.randn(n * n);
  const output = new Float64Array(n).map((_, i) => dot(weight.subarray(i * n, (i + 1) * n), input));
  const slopes = random.randn(n); // the loss is their product with the output, so they are its gradient
  const figures = (values: readonly (readonly [string, ArrayLike<number> | number, number])[]): Item[] =>
    values.map(([name, of, lecture]) =>
      check({
        name,
        ours: typeof of === "number" ? of : stdOf(of),
        lecture,
        within: lecture > 10 ? 1e-3 : 1e-5,
        source,
        mayDiffer,
      })
    );
  yield say(
    "A linear layer of 1,000 inputs and as many outputs, weights as drawn, standard deviation 1. Standard deviations of what goes through:",
  );
  yield* figures([
    ["input", input, .9875972],
    ["weight", weight, 1.0006722],
    ["output", output, 31.0124168],
    ["gradient of the output", slopes, .9782556],
    ["gradient of the input", backThrough(weight, slopes), 30.8818302],
    ["gradient of the weight", outerStd(slopes, input), .9666601],
  ]);
  yield say(
    "Times √1000 forward and times √1000 back, for each layer. Divide the weights by √1000 and both stay; or put batch norm behind:",
  );
  const spread = Math.sqrt(stdOf(output) ** 2 + 1e-5), mean = meanOf(output);
  const normed = output.map((x) => (x - mean) / spread);
  const meanSlope = meanOf(slopes), along = dot(slopes, normed) / (n - 1);
  const ofOutput = Float64Array.from(slopes, (g, i) => (g - meanSlope - normed[i] * along) / spread);
  yield* figures([
    ["normalized output", normed, 1],
    ["gradient of the output", ofOutput, .0315440],
    ["gradient of the weight", outerStd(ofOutput, input), .0311695],
    ["gradient of the input", backThrough(weight, ofOutput), .9953053],
  ]);
  yield say(
    "Output and input's gradient have spread 1 again, whatever the weights' scale. The weights' own gradient is divided by that scale: larger weights learn in smaller steps, which is why rates must be looked at again.",
  );
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** weightᵀ · slopes: what flows back to the input. */
function backThrough(weight: ArrayLike<number>, slopes: ArrayLike<number>): Float64Array {
  const out = new Float64Array(n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) out[j] += weight[i * n + j] * slopes[i];
  return out;
}

/** The standard deviation of slopes · inputᵀ, which is the gradient of the weight, without making it. */
function outerStd(slopes: ArrayLike<number>, input: ArrayLike<number>): number {
  const mean = meanOf(slopes) * meanOf(input), squares = dot(slopes, slopes) * dot(input, input);
  return Math.sqrt((squares - n * n * mean ** 2) / (n * n - 1));
}

function meanOf(values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, x) => sum + x, 0) / values.length;
}
