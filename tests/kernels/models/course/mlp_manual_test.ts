/** Tests the hand-written backward pass against central differences and automatic differentiation. */
import { deepStrictEqual, ok, throws } from "node:assert/strict";
import { TorchRandom } from "../../../../kernels/random/torch_random.ts";
import { largestDifference, Matrix } from "../../../../kernels/models/course/matrix.ts";
import {
  backwardInSteps,
  batchNormGradient,
  descend,
  forwardInSteps,
  type LetterBatch,
  logitsGradient,
  lossAndGradients,
  type ManualMlp,
  momentsOf,
  parameterNames,
  probabilitiesOf,
} from "../../../../kernels/models/course/mlp_manual.ts";
import { autodiffGradients } from "../../../../pipelines/lesson/backprop/autodiff_gradients.ts";

const random = new TorchRandom(3), letters = 7, embedding = 3, context = 2, hidden = 5;
const drawn = (rows: number, columns: number): Matrix =>
  new Matrix(rows, columns, random.randn(rows * columns));
const net: ManualMlp = {
  C: drawn(letters, embedding),
  W1: drawn(context * embedding, hidden),
  b1: drawn(1, hidden),
  W2: drawn(hidden, letters),
  b2: drawn(1, letters),
  bnGain: drawn(1, hidden),
  bnBias: drawn(1, hidden),
};
const batch: LetterBatch = {
  inputs: random.randint(9 * context, { high: letters }),
  targets: random.randint(9, { high: letters }),
};

Deno.test("backwardInSteps() matches automatic differentiation in all 26 gradients, and central differences", async () => {
  const { loss, steps } = forwardInSteps(net, batch), byHand = backwardInSteps(net, { steps, batch });
  const auto = await autodiffGradients(net, { steps, batch });
  deepStrictEqual(Object.keys(byHand), [...auto.gradients.keys()]);
  deepStrictEqual(Object.keys(byHand).length, 26);
  ok(Math.abs(auto.loss - loss) < 1e-12);
  for (const [name, { data }] of Object.entries(byHand)) {
    const difference = largestDifference(data, auto.gradients.get(name) ?? []);
    ok(difference < 1e-12, `${name}: ${difference}`);
  }
  const h = 1e-5;
  for (const name of parameterNames) {
    const { data } = net[name];
    const slopes = data.map((x, i) => {
      data[i] = x + h;
      const up = forwardInSteps(net, batch).loss;
      data[i] = x - h;
      const down = forwardInSteps(net, batch).loss;
      data[i] = x;
      return (up - down) / (2 * h);
    });
    ok(largestDifference(slopes, byHand[name].data) < 1e-8, name);
  }
});

Deno.test("logitsGradient(), batchNormGradient() and lossAndGradients() match the steps", () => {
  const { loss, steps } = forwardInSteps(net, batch), long = backwardInSteps(net, { steps, batch });
  ok(largestDifference(logitsGradient(steps.probs, batch.targets).data, long.logits.data) < 1e-15);
  const { bnVarInv: varInv, bnRaw: raw } = steps;
  const inputGradient = batchNormGradient(long.hPreAct, { gain: net.bnGain, varInv, raw });
  ok(largestDifference(inputGradient.data, long.hPreBn.data) < 1e-15);
  const short = lossAndGradients(net, batch);
  ok(Math.abs(short.loss - loss) < 1e-14);
  for (const name of parameterNames) {
    ok(largestDifference(short.gradients[name].data, long[name].data) < 1e-14, name);
  }
});

Deno.test("descend() lowers the loss; probabilitiesOf() with a batch's own moments matches the forward pass", () => {
  const copy = Object.fromEntries(
    parameterNames.map((name) => [name, net[name].map((x) => x)]),
  ) as Record<keyof ManualMlp, Matrix>;
  const before = lossAndGradients(copy, batch);
  descend(copy, { gradients: before.gradients, rate: .01 });
  ok(lossAndGradients(copy, batch).loss < before.loss);
  const { steps } = forwardInSteps(net, batch), moments = momentsOf(steps.hPreBn);
  const probs = probabilitiesOf(net, { inputs: batch.inputs, moments });
  ok(largestDifference(probs.data, steps.probs.data) < 1e-14);
});

Deno.test("Matrix broadcasts rows and columns, multiplies, and names sizes that do not fit", () => {
  const a = new Matrix(2, 3, [1, 2, 3, 4, 5, 6]),
    row = new Matrix(1, 3, [1, 0, -1]),
    column = new Matrix(2, 1, [10, 20]);
  deepStrictEqual([...a.plus(row).data], [2, 2, 2, 5, 5, 5]);
  deepStrictEqual([...column.minus(a).data], [9, 8, 7, 16, 15, 14]);
  deepStrictEqual([...column.times(row).data], [10, 0, -10, 20, 0, -20]);
  deepStrictEqual([...a.transposed().data], [1, 4, 2, 5, 3, 6]);
  deepStrictEqual([...a.matmul(a.transposed()).data], [14, 32, 32, 77]);
  const wide = new Matrix(1, 6, [1, 2, 3, 4, 5, 6]);
  deepStrictEqual([...wide.matmul(wide.transposed()).data], [91]); // adds four terms at a time, then two
  deepStrictEqual([...a.sumOfRows().data, ...a.sumOfColumns().data, ...a.maxOfColumns().data], [
    5,
    7,
    9,
    6,
    15,
    3,
    6,
  ]);
  deepStrictEqual([...new Matrix(2, 2, [1, 1, 0, 3]).whereMax().data], [1, 0, 0, 1]);
  deepStrictEqual([...a.rowsAt([1, 0, 1]).data.slice(0, 6)], [4, 5, 6, 1, 2, 3]);
  deepStrictEqual(largestDifference([1, NaN], [1, 2]), NaN);
  throws(() => a.matmul(a), /\[2, 3\] by \[2, 3\]: the inner sizes/);
  throws(() => a.plus(new Matrix(1, 2)), /of \[1, 2\] to \[2, 3\]/);
  throws(() => new Matrix(2, 2, [1]), /from 1 numbers: wanted 4/);
});
