/**
 * The net of the lesson on backpropagation as its notebook begins it, and as it learns.
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

/** Sizes and seed. */
export interface ManualMlpOptions {
  /** How many letters there are, the mark among them. */
  readonly letters: number;
  readonly hidden: number;
  /** Draws the parameters, then the batches; the notebook's generator. */
  readonly random: TorchRandom;
}

const embedding = 10, context = 3;

/**
 * The notebook's first values: nothing is exactly 0 or 1, for that would hide faults of a backward pass. It draws gain and
 * shift of batch norm from torch's unseeded generator, so that each of its runs begins with others; ours are from seed 42.
 */
export function manualMlp({ letters, hidden, random }: ManualMlpOptions): ManualMlp {
  const inputs = context * embedding, f32 = Math.fround;
  const drawn = (
    rows: number,
    columns: number,
    { from = random, of = (x: number): number => x }: {
      readonly from?: TorchRandom;
      of?(x: number): number;
    } = {},
  ): Matrix => new Matrix(rows, columns, from.randn(rows * columns).map(of));
  const tenth = (x: number): number => x * .1, unseeded = new TorchRandom(42);
  return {
    C: drawn(letters, embedding),
    W1: drawn(inputs, hidden, { of: (x) => f32(x * f32(5 / 3)) / f32(Math.sqrt(inputs)) }),
    b1: drawn(1, hidden, { of: tenth }),
    W2: drawn(hidden, letters, { of: tenth }),
    b2: drawn(1, letters, { of: tenth }),
    bnGain: drawn(1, hidden, { from: unseeded, of: (x) => f32(tenth(x)) + 1 }),
    bnBias: drawn(1, hidden, { from: unseeded, of: tenth }),
  };
}

/** How many numbers a net learns. */
export function manualMlpSize(net: ManualMlp): number {
  return parameterNames.reduce((sum, name) => sum + net[name].data.length, 0);
}

/** The notebook's batch: 32 examples by number, drawn with replacement. */
export function drawBatch(
  { inputs, targets, count }: Examples,
  { random, size = 32 }: { readonly random: TorchRandom; readonly size?: number },
): LetterBatch {
  const numbers = random.randint(size, { high: count });
  return {
    inputs: Uint32Array.from({ length: size * context }, (_, i) => {
      return inputs[numbers[Math.floor(i / context)] * context + i % context];
    }),
    targets: numbers.map((number) => targets[number]),
  };
}

/** Trains in place by the backward pass by hand: rate 0.1, then 0.01 from the middle on. Returns the loss of each step. */
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

const atOnce = 4096; // examples, so that memory stays small

/** Mean and variance of what batch norm sees, over all examples: the lecture's calibration. */
export function calibrated(net: Pick<ManualMlp, "C" | "W1" | "b1">, examples: Examples): Moments {
  const hidden = net.b1.columns, n = examples.count;
  let mean = new Matrix(1, hidden), squares = new Matrix(1, hidden);
  for (const { inputs } of parts(examples)) mean = mean.plus(beforeBatchNorm(net, inputs).sumOfRows());
  mean = mean.times(1 / n);
  for (const { inputs } of parts(examples)) {
    squares = squares.plus(beforeBatchNorm(net, inputs).minus(mean).map((x) => x * x).sumOfRows());
  }
  return { mean, variance: squares.times(1 / (n - 1)) };
}

/** The loss over examples, batch norm by given moments. */
export function* lossByMoments(
  net: ManualMlp,
  { examples, moments }: { readonly examples: Examples; readonly moments: Moments },
): Generator<Item, number> {
  let sum = 0;
  for (const { inputs, targets } of parts(examples)) {
    const probs = probabilitiesOf(net, { inputs, moments });
    sum += meanLoss(probs.map(Math.log), targets) * targets.length;
    yield progress(`the loss of ${examples.count} examples`);
  }
  return sum / examples.count;
}

function* parts({ inputs, targets, count }: Examples): Generator<LetterBatch> {
  for (let from = 0; from < count; from += atOnce) {
    const to = Math.min(count, from + atOnce);
    yield { inputs: inputs.subarray(context * from, context * to), targets: targets.subarray(from, to) };
  }
}
