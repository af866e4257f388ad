/**
 * The MLP that predicts the next letter of a name, with a backward pass written by hand: step by step through
 * every intermediate value, and in the short forms that these steps simplify to.
 *
 * Source: Karpathy, "Building makemore part 4: becoming a backprop ninja".
 *
 * @module
 */
import { Matrix } from "./matrix.ts";

/** The parameters. Row `i` of C is the embedding of letter `i`. */
export interface ManualMlp {
  /** Embeddings, [letters, embedding]. */
  readonly C: Matrix;
  /** Weight of the hidden layer, [context · embedding, hidden]. */
  readonly W1: Matrix;
  /** Bias of the hidden layer, [1, hidden]; this bias has no effect, since batch norm subtracts it. */
  readonly b1: Matrix;
  /** Weight of the output layer, [hidden, letters]. */
  readonly W2: Matrix;
  /** Bias of the output layer, [1, letters]. */
  readonly b2: Matrix;
  /** Gain of batch norm, [1, hidden]. */
  readonly bnGain: Matrix;
  /** Bias of batch norm, [1, hidden]. */
  readonly bnBias: Matrix;
}

/** `n` contexts, and the letter that follows each. */
export interface LetterBatch {
  /** Letters of the contexts, [n, context]. */
  readonly inputs: Uint32Array;
  /** The letter after each context, [n]. */
  readonly targets: Uint32Array;
}

/**
 * All intermediate values from letters to loss, in order, named as in the lecture. Each has `n` rows, except
 * batch norm's statistics, which have one.
 */
export interface MlpSteps {
  readonly emb: Matrix;
  readonly embCat: Matrix;
  readonly hPreBn: Matrix;
  readonly bnMean: Matrix;
  readonly bnDiff: Matrix;
  readonly bnDiff2: Matrix;
  readonly bnVar: Matrix;
  readonly bnVarInv: Matrix;
  readonly bnRaw: Matrix;
  readonly hPreAct: Matrix;
  readonly h: Matrix;
  readonly logits: Matrix;
  readonly logitMaxes: Matrix;
  readonly normLogits: Matrix;
  readonly counts: Matrix;
  readonly countsSum: Matrix;
  readonly countsSumInv: Matrix;
  readonly probs: Matrix;
  readonly logProbs: Matrix;
}

/** The gradient of the loss with respect to each of the 26 values and parameters. */
export type StepGradients = Readonly<Record<keyof MlpSteps | keyof ManualMlp, Matrix>>;

const eps = 1e-5; // added to the variance by batch norm

/** Runs the forward pass in steps so small that the backward pass can reverse them one by one. */
export function forwardInSteps(
  net: ManualMlp,
  { inputs, targets }: LetterBatch,
): { readonly loss: number; readonly steps: MlpSteps } {
  const n = targets.length;
  const emb = net.C.rowsAt(inputs);
  const embCat = emb.view(n, net.W1.rows);
  const hPreBn = embCat.matmul(net.W1).plus(net.b1);
  const bnMean = hPreBn.sumOfRows().times(1 / n);
  const bnDiff = hPreBn.minus(bnMean);
  const bnDiff2 = bnDiff.map((x) => x ** 2);
  const bnVar = bnDiff2.sumOfRows().times(1 / (n - 1));
  const bnVarInv = bnVar.map((x) => (x + eps) ** -.5);
  const bnRaw = bnDiff.times(bnVarInv);
  const hPreAct = net.bnGain.times(bnRaw).plus(net.bnBias);
  const h = hPreAct.map(Math.tanh);
  const logits = h.matmul(net.W2).plus(net.b2);
  const logitMaxes = logits.maxOfColumns();
  const normLogits = logits.minus(logitMaxes);
  const counts = normLogits.map(Math.exp);
  const countsSum = counts.sumOfColumns();
  const countsSumInv = countsSum.map((x) => x ** -1);
  const probs = counts.times(countsSumInv);
  const logProbs = probs.map(Math.log);
  // deno-fmt-ignore
  const steps = { emb, embCat, hPreBn, bnMean, bnDiff, bnDiff2, bnVar, bnVarInv, bnRaw, hPreAct, h, logits, logitMaxes, normLogits, counts, countsSum, countsSumInv, probs, logProbs };
  return { loss: meanLoss(logProbs, targets), steps };
}

/**
 * Runs the backward pass through every step, from the last to the first; each line applies the chain rule to
 * one step.
 */
export function backwardInSteps(
  net: ManualMlp,
  { steps, batch: { inputs, targets } }: { readonly steps: MlpSteps; readonly batch: LetterBatch },
): StepGradients {
  const n = targets.length, s = steps;
  const logProbs = new Matrix(n, net.b2.columns);
  targets.forEach((target, i) => logProbs.row(i)[target] = -1 / n);
  const probs = s.probs.map((x) => 1 / x).times(logProbs);
  const countsSumInv = s.counts.times(probs).sumOfColumns(); // the forward pass repeats it along the row
  const countsSum = s.countsSum.map((x) => -(x ** -2)).times(countsSumInv);
  const counts = s.countsSumInv.times(probs).plus(countsSum); // used twice: two gradients add up
  const normLogits = s.counts.times(counts);
  const logitMaxes = normLogits.times(-1).sumOfColumns();
  const logits = normLogits.plus(s.logits.whereMax().times(logitMaxes)); // used twice
  const h = logits.matmul(net.W2.transposed());
  const W2 = s.h.transposed().matmul(logits);
  const b2 = logits.sumOfRows();
  const hPreAct = s.h.map((x) => 1 - x ** 2).times(h);
  const bnGain = s.bnRaw.times(hPreAct).sumOfRows();
  const bnBias = hPreAct.sumOfRows();
  const bnRaw = net.bnGain.times(hPreAct);
  const bnVarInv = s.bnDiff.times(bnRaw).sumOfRows();
  const bnVar = s.bnVar.map((x) => -.5 * (x + eps) ** -1.5).times(bnVarInv);
  const bnDiff2 = new Matrix(n, bnVar.columns).plus(bnVar).times(1 / (n - 1)); // each term gets this gradient
  const bnDiff = s.bnVarInv.times(bnRaw).plus(s.bnDiff.times(2).times(bnDiff2)); // used twice
  const bnMean = bnDiff.times(-1).sumOfRows();
  const hPreBn = bnDiff.plus(bnMean.times(1 / n)); // used twice
  const embCat = hPreBn.matmul(net.W1.transposed());
  const W1 = s.embCat.transposed().matmul(hPreBn);
  const b1 = hPreBn.sumOfRows();
  const emb = embCat.view(inputs.length, net.C.columns);
  const C = rowsAddedAt(inputs, { rows: emb, letters: net.C.rows });
  // deno-fmt-ignore
  return { logProbs, probs, countsSumInv, countsSum, counts, normLogits, logitMaxes, logits, h, W2, b2, hPreAct, bnGain, bnBias, bnRaw, bnVarInv, bnVar, bnDiff2, bnDiff, bnMean, hPreBn, embCat, W1, b1, emb, C };
}

/** Returns the gradient of softmax and cross entropy together: `(probs - oneHot(targets)) / n`. */
export function logitsGradient(probs: Matrix, targets: Uint32Array): Matrix {
  const n = targets.length, out = probs.times(1 / n);
  targets.forEach((target, i) => out.row(i)[target] -= 1 / n);
  return out;
}

/**
 * Computes the gradient of batch norm's input from the gradient `g` of its output, in one formula:
 * `gain · varInv / n · (n·g - Σg - n/(n-1) · raw · Σ(g·raw))`. The sums run over the batch; the variance
 * divides by `n - 1`.
 */
export function batchNormGradient(
  g: Matrix,
  { gain, varInv, raw }: { readonly gain: Matrix; readonly varInv: Matrix; readonly raw: Matrix },
): Matrix {
  const n = g.rows;
  return g.times(n).minus(g.sumOfRows()).minus(raw.times(n / (n - 1)).times(g.times(raw).sumOfRows()))
    .times(gain.times(varInv).times(1 / n));
}

/** Returns the loss and gradients of a batch, computed with the short forms of the backward pass. */
export function lossAndGradients(
  net: ManualMlp,
  batch: LetterBatch,
): { readonly loss: number; readonly gradients: Readonly<Record<keyof ManualMlp, Matrix>> } {
  const { inputs, targets } = batch, n = targets.length;
  const embCat = net.C.rowsAt(inputs).view(n, net.W1.rows);
  const hPreBn = embCat.matmul(net.W1).plus(net.b1);
  const { mean, variance } = momentsOf(hPreBn);
  const varInv = variance.map((x) => (x + eps) ** -.5);
  const raw = hPreBn.minus(mean).times(varInv);
  const h = net.bnGain.times(raw).plus(net.bnBias).map(Math.tanh);
  const probs = softmaxOf(h.matmul(net.W2).plus(net.b2));

  const logits = logitsGradient(probs, targets);
  const hPreAct = h.map((x) => 1 - x * x).times(logits.matmul(net.W2.transposed()));
  const ofPreBn = batchNormGradient(hPreAct, { gain: net.bnGain, varInv, raw });
  const emb = ofPreBn.matmul(net.W1.transposed()).view(inputs.length, net.C.columns);
  return {
    loss: meanLoss(probs.map(Math.log), targets),
    gradients: {
      C: rowsAddedAt(inputs, { rows: emb, letters: net.C.rows }),
      W1: embCat.transposed().matmul(ofPreBn),
      b1: ofPreBn.sumOfRows(),
      W2: h.transposed().matmul(logits),
      b2: logits.sumOfRows(),
      bnGain: raw.times(hPreAct).sumOfRows(),
      bnBias: hPreAct.sumOfRows(),
    },
  };
}

/** Moves every parameter by -rate times its gradient, in place. */
export function descend(
  net: ManualMlp,
  { gradients, rate }: {
    readonly gradients: Readonly<Record<keyof ManualMlp, Matrix>>;
    readonly rate: number;
  },
): void {
  for (const name of parameterNames) {
    const { data } = net[name], slope = gradients[name].data;
    for (let i = 0; i < data.length; i++) data[i] -= rate * slope[i];
  }
}

/**
 * Mean and variance of each hidden unit: one row of means and one row of variances. Batch norm normalizes
 * with them after training.
 */
export interface Moments {
  readonly mean: Matrix;
  /** Variance with divisor `n - 1`. */
  readonly variance: Matrix;
}

/** Returns each column's mean and variance; the divisor of the variance is `n - 1`. */
export function momentsOf(x: Matrix): Moments {
  const mean = x.sumOfRows().times(1 / x.rows);
  return { mean, variance: x.minus(mean).map((d) => d * d).sumOfRows().times(1 / (x.rows - 1)) };
}

/** Returns the input of batch norm, [n, hidden]. */
export function beforeBatchNorm(net: Pick<ManualMlp, "C" | "W1" | "b1">, inputs: Uint32Array): Matrix {
  const context = net.W1.rows / net.C.columns;
  return net.C.rowsAt(inputs).view(inputs.length / context, net.W1.rows).matmul(net.W1).plus(net.b1);
}

/**
 * Returns the probabilities of the next letter, [n, letters], if batch norm uses the given moments instead of
 * the batch's.
 */
export function probabilitiesOf(
  net: ManualMlp,
  { inputs, moments: { mean, variance } }: { readonly inputs: Uint32Array; readonly moments: Moments },
): Matrix {
  const slope = net.bnGain.times(variance.map((x) => (x + eps) ** -.5));
  const h = beforeBatchNorm(net, inputs).minus(mean).times(slope).plus(net.bnBias).map(Math.tanh);
  return softmaxOf(h.matmul(net.W2).plus(net.b2));
}

/** Returns the mean of `-log(probability of the target)`; `logProbs` is [n, letters]. */
export function meanLoss(logProbs: Matrix, targets: Uint32Array): number {
  return -targets.reduce((sum, target, i) => sum + logProbs.row(i)[target], 0) / targets.length;
}

/** Names of the parameters, in the order in which the lecture draws them. */
export const parameterNames: readonly (keyof ManualMlp)[] = ["C", "W1", "b1", "W2", "b2", "bnGain", "bnBias"];

function softmaxOf(logits: Matrix): Matrix {
  const counts = logits.minus(logits.maxOfColumns()).map(Math.exp);
  return counts.times(counts.sumOfColumns().map((x) => 1 / x));
}

/**
 * Returns the gradient of `rowsAt`: a matrix [letters, columns] of zeros; each row of `rows` is added to the
 * row of its letter.
 */
function rowsAddedAt(
  indices: Uint32Array,
  { rows, letters }: { readonly rows: Matrix; readonly letters: number },
): Matrix {
  const out = new Matrix(letters, rows.columns);
  indices.forEach((letter, i) => {
    const to = out.row(letter);
    rows.row(i).forEach((x, j) => to[j] += x);
  });
  return out;
}
