/**
 * The net of the lesson on backpropagation: its initial parameters, its batches, and its training with
 * gradients derived by hand.
 *
 * @module
 */
import { TorchRandom } from "../../../kernels/random/torch_random.ts";
import { Matrix } from "../../../kernels/models/course/matrix.ts";
import {
  beforeBatchNorm,
  descend,
  type LetterBatch,
  lossAndGradients,
  type ManualMlp,
  meanLoss,
  type Moments,
  parameterNames,
  probabilitiesOf,
} from "../../../kernels/models/course/mlp_manual.ts";
import { type Item, progress } from "../item.ts";
import type { Examples } from "../letters.ts";

/** Sizes of a net, and the random generator for its initial parameters. */
export interface ManualMlpOptions {
  /** Number of letters, including the boundary mark. */
  readonly letters: number;
  /** Number of hidden units. */
  readonly hidden: number;
  /** Random generator. As in the notebook, it draws first the parameters and then the batches. */
  readonly random: TorchRandom;
  /** Seed of gain and bias of batch norm; default 42. */
  readonly unseeded?: number;
}

/** Number of letters of context. */
export const context = 3;
/** Size of an embedding. */
const embedding = 10;

/**
 * Returns a net with the notebook's initial parameters, none of which is exactly 0 or 1, because such values
 * would hide mistakes in a backward pass. The notebook draws gain and bias of batch norm from torch's global
 * generator without a seed, so they differ in each run of the notebook; ours have the seed `unseeded`.
 */
export function manualMlp({ letters, hidden, random, unseeded = 42 }: ManualMlpOptions): ManualMlp {
  const inputs = context * embedding, f32 = Math.fround;
  const drawn = (
    rows: number,
    columns: number,
    { from = random, of = (x: number): number => x }: {
      readonly from?: TorchRandom;
      of?(x: number): number;
    } = {},
  ): Matrix => new Matrix(rows, columns, from.randn(rows * columns).map(of));
  const tenth = (x: number): number => x * .1, notebooks = new TorchRandom(unseeded);
  return {
    C: drawn(letters, embedding),
    W1: drawn(inputs, hidden, { of: (x) => f32(x * f32(5 / 3)) / f32(Math.sqrt(inputs)) }),
    b1: drawn(1, hidden, { of: tenth }),
    W2: drawn(hidden, letters, { of: tenth }),
    b2: drawn(1, letters, { of: tenth }),
    bnGain: drawn(1, hidden, { from: notebooks, of: (x) => f32(tenth(x)) + 1 }),
    bnBias: drawn(1, hidden, { from: notebooks, of: tenth }),
  };
}

/** Returns the number of parameters of a net. */
export function parameterCount(net: ManualMlp): number {
  return parameterNames.reduce((sum, name) => sum + net[name].data.length, 0);
}

/** Returns a batch of examples drawn with replacement, by default 32 examples, as in the notebook. */
export function drawBatch(
  { inputs, targets, count }: Examples,
  { random, size = 32 }: { readonly random: TorchRandom; readonly size?: number },
): LetterBatch {
  const rows = random.randint(size, { high: count });
  return {
    inputs: Uint32Array.from({ length: size * context }, (_, i) => {
      return inputs[rows[Math.floor(i / context)] * context + i % context];
    }),
    targets: rows.map((row) => targets[row]),
  };
}

/**
 * Trains a net in place, with a learning rate of 0.1 in the first half and 0.01 in the second half. Returns
 * the loss of each step.
 */
export function* trainByHand(
  net: ManualMlp,
  { examples, random, steps }: {
    readonly examples: Examples;
    readonly random: TorchRandom;
    readonly steps: number;
  },
): Generator<Item, Float32Array> {
  const losses = new Float32Array(steps);
  for (let step = 0; step < steps; step++) {
    const { loss, gradients } = lossAndGradients(net, drawBatch(examples, { random }));
    descend(net, { gradients, rate: step < steps / 2 ? .1 : .01 });
    losses[step] = loss;
    if (step % 50 === 0) yield progress(`step ${step} of ${steps}: loss ${loss.toFixed(4)}`);
  }
  return losses;
}

const evalBatch = 4096; // examples, so that memory stays small

/**
 * Returns the mean and variance of the inputs of batch norm over all examples. The lecture calls this step
 * calibration.
 */
export function calibrationMoments(net: Pick<ManualMlp, "C" | "W1" | "b1">, examples: Examples): Moments {
  const hidden = net.b1.columns, n = examples.count;
  let mean = new Matrix(1, hidden), squares = new Matrix(1, hidden);
  for (const { inputs } of evalBatches(examples)) mean = mean.plus(beforeBatchNorm(net, inputs).sumOfRows());
  mean = mean.times(1 / n);
  for (const { inputs } of evalBatches(examples)) {
    squares = squares.plus(beforeBatchNorm(net, inputs).minus(mean).map((x) => x * x).sumOfRows());
  }
  return { mean, variance: squares.times(1 / (n - 1)) };
}

/** Mean loss of examples. Batch norm uses the given mean and variance. */
export function* lossWithMoments(
  net: ManualMlp,
  { examples, moments }: { readonly examples: Examples; readonly moments: Moments },
): Generator<Item, number> {
  let sum = 0;
  for (const { inputs, targets } of evalBatches(examples)) {
    const probs = probabilitiesOf(net, { inputs, moments });
    sum += meanLoss(probs.map(Math.log), targets) * targets.length;
    yield progress(`the loss of ${examples.count} examples`);
  }
  return sum / examples.count;
}

/** Yields the examples in batches of at most `evalBatch`. */
function* evalBatches({ inputs, targets, count }: Examples): Generator<LetterBatch> {
  for (let from = 0; from < count; from += evalBatch) {
    const to = Math.min(count, from + evalBatch);
    yield { inputs: inputs.subarray(context * from, context * to), targets: targets.subarray(from, to) };
  }
}
