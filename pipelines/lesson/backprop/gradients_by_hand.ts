/**
 * Sections of the lesson on backpropagation that derive gradients: first the gradient of every value, then
 * short formulas for several steps at once.
 *
 * @module
 */
import { largestDifference } from "../../../kernels/models/course/matrix.ts";
import {
  backwardInSteps,
  batchNormGradient,
  logitsGradient,
  type StepGradients,
} from "../../../kernels/models/course/mlp_manual.ts";
import { barChart } from "../../../stages/report/chart/bars.ts";
import { heatmapChart } from "../../../stages/report/chart/heatmap.ts";
import { check, figure, heading, type Item, lines, say, table } from "../item.ts";
import type { Letters } from "../letters.ts";
import { autodiffGradients } from "./autodiff_gradients.ts";
import { type BackpropSetup, firstForwardPass, type ForwardPass, notebook } from "./backprop_setup.ts";
import { parameterCount } from "./manual_mlp_net.ts";

/** 1. The net of the previous lesson, with its forward pass in small steps. */
export function* forwardPassSection(setup: BackpropSetup): Generator<Item, ForwardPass> {
  yield heading("A forward pass in small steps");
  const pass = firstForwardPass(setup), { net, steps, loss } = pass, { mayDiffer } = setup;
  yield say(
    "This is the net of the lesson before: the embeddings of three letters side by side, a linear layer, batch norm, tanh, a linear layer, and cross entropy. No parameter is exactly 0 or 1. Such numbers would hide mistakes, because a wrong factor next to them may have no effect.",
  );
  yield check({ name: "parameters", ours: parameterCount(net), lecture: 4137, source: notebook, mayDiffer });
  yield lines([
    "emb      = C[letters]                 logitMaxes   = max over a row of logits",
    "embCat   = emb side by side           normLogits   = logits - logitMaxes",
    "hPreBn   = embCat @ W1 + b1           counts       = exp(normLogits)",
    "bnMean   = 1/n sum(hPreBn)            countsSum    = sum over a row of counts",
    "bnDiff   = hPreBn - bnMean            countsSumInv = countsSum^-1",
    "bnDiff2  = bnDiff^2                   probs        = counts * countsSumInv",
    "bnVar    = 1/(n-1) sum(bnDiff2)       logProbs     = log(probs)",
    "bnVarInv = (bnVar + 1e-5)^-0.5        loss         = -mean(logProbs at the targets)",
    "bnRaw    = bnDiff * bnVarInv",
    "hPreAct  = bnGain * bnRaw + bnBias",
    "h        = tanh(hPreAct)",
    "logits   = h @ W2 + b2",
  ]);
  yield table(
    ["value", "shape", "value", "shape"],
    inTwoColumns(Object.entries(steps).map(([name, { rows, columns }]) => [name, `${rows} × ${columns}`])),
  );
  yield check({ name: "loss", ours: loss, lecture: 3.3377, within: .04, source: notebook, mayDiffer });
  yield say(
    `The notebook draws gain and bias of batch norm from a generator without a seed, so its own loss is different in each run. ${
      mayDiffer === null
        ? "Over forty such draws, our loss has mean 3.341 and standard deviation 0.013. "
        : ""
    }All other parameters are drawn as in the notebook.`,
  );
  return pass;
}

/** 2. Exercise 1: one line of code for each gradient, from the last value to the first. */
export async function* everyGradient(pass: ForwardPass): AsyncGenerator<Item, StepGradients> {
  yield heading("Every gradient by hand");
  const { net, loss } = pass, gradients = backwardInSteps(net, pass);
  yield say(
    "We go back from the loss. The gradient of each value is the gradient of the value computed from it, times the derivative of that step. Four rules are enough. A value that is used twice gets the sum of both gradients. A value that was repeated along an axis gets the sum of the gradients along it, and where values were summed, each gets the gradient of the sum. A product of matrices, `y = a @ b`, gives `da = dy @ bᵀ` and `db = aᵀ @ dy`; no other products have the right shapes. A row that was selected gets the gradients of all its copies.",
  );
  yield lines([
    "logProbs'     = -1/n at the targets, else 0   bnRaw'    = bnGain * hPreAct'",
    "probs'        = logProbs' / probs             bnVarInv' = sum(bnDiff * bnRaw')",
    "countsSumInv' = sum(counts * probs')          bnVar'    = -0.5 (bnVar + 1e-5)^-1.5 * bnVarInv'",
    "countsSum'    = -countsSum^-2                 bnDiff2'  = bnVar' / (n-1), for each row",
    "                * countsSumInv'               bnDiff'   = bnVarInv * bnRaw'",
    "counts'       = countsSumInv * probs'                     + 2 bnDiff * bnDiff2'",
    "                + countsSum'                  bnMean'   = -sum(bnDiff')",
    "normLogits'   = counts * counts'              hPreBn'   = bnDiff' + bnMean' / n",
    "logits'       = normLogits', and              embCat'   = hPreBn' @ W1ᵀ",
    "                logitMaxes' at the largest    W1', b1'  = embCatᵀ @ hPreBn', sum(hPreBn')",
    "h'            = logits' @ W2ᵀ                 emb'      = embCat', letter by letter",
    "hPreAct'      = (1 - h²) * h'                 C'        = rows of emb', added up by letter",
  ]);
  const automatic = await autodiffGradients(net, pass);
  let largest = Math.abs(automatic.loss - loss);
  const rows = Object.entries(gradients).map(([name, { rows, columns, data }]) => {
    const other = automatic.gradients.get(name) ?? [], difference = largestDifference(data, other);
    largest = Math.max(largest, difference);
    return [
      name,
      `${rows} × ${columns}`,
      difference === 0 ? "yes" : "no",
      isClose(data, other) ? "yes" : "no",
      difference.toExponential(1),
    ];
  });
  yield say(
    "We compare them with gradients by automatic differentiation. This project's kernels compute the same steps as a graph, in float64:",
  );
  yield table(["gradient of", "shape", "equal", "nearly equal", "largest difference"], rows);
  yield check({ name: "gradients by hand", ours: rows.length, lecture: 26, source: notebook });
  yield check({ name: "largest difference", ours: largest, lecture: 0, within: 1e-8, source: notebook });
  const largestOfMaxes = Math.max(...gradients.logitMaxes.data.map(Math.abs));
  yield say(
    `The gradient of \`logitMaxes\` is at most ${
      largestOfMaxes.toExponential(1)
    } here, and would be 0 without rounding: subtracting the maxima only keeps exp in range, and the loss does not depend on them.`,
  );
  if (largest > 0) {
    yield say(
      "The two ways differ by rounding, because they add in different orders and round powers in different places.",
    );
  }
  return gradients;
}

/** 3. Exercise 2: one formula for the eight steps of the cross entropy. */
export function* crossEntropyFormula(
  { batch: { targets }, steps }: ForwardPass,
  { gradients, letters }: { readonly gradients: StepGradients; readonly letters: Letters },
): Generator<Item> {
  yield heading("The cross entropy in one formula");
  yield say(
    "`loss = -log(exp(logit of the target) / sum of exp(logits))`. In its derivative with respect to a logit almost everything cancels. The probability of the letter remains, minus 1 if the letter is the target. Divide it by n, because the loss is a mean:",
  );
  yield lines("logits' = (probs - 1 at the target) / n");
  const gradient = logitsGradient(steps.probs, targets), n = targets.length;
  yield check({
    name: "logits by one formula: largest difference",
    ours: largestDifference(gradient.data, gradients.logits.data),
    lecture: 0,
    within: 1e-8,
    source: notebook,
  });
  const row = gradient.row(0);
  yield figure(
    "Each example pushes the logit of its target up (its gradient is negative) and every other logit down, as hard as the letter is probable. The pushes of an example add up to 0.",
    heatmapChart({
      title: "gradient of the logits, one row per example",
      values: Array.from({ length: n }, (_, i) => gradient.row(i)),
      columns: letters.symbols,
      full: 1 / n,
    }),
    barChart({
      title: "the first example, times n, by letter",
      bars: Array.from(row, (value, i) => ({ name: letters.symbols[i], value: value * n })),
    }),
  );
  yield check({
    name: "sum of the first row",
    ours: row.reduce((sum, x) => sum + x, 0),
    lecture: 0,
    within: 1e-8,
    source: notebook,
  });
}

/** 4. Exercise 3: one formula for the seven steps of batch norm. */
export function* batchNormFormula(
  { net, steps }: ForwardPass,
  gradients: Pick<StepGradients, "hPreAct" | "hPreBn">,
): Generator<Item> {
  yield heading("Batch norm in one formula");
  yield say(
    "Each number of a column reaches the output in three ways: directly, through the mean, and through the variance. We add the three derivatives on paper and simplify, with n - 1 in the variance:",
  );
  yield lines([
    "hPreBn' = bnGain * bnVarInv / n * (n * g - sum(g) - n/(n-1) * bnRaw * sum(g * bnRaw))",
    "where g = hPreAct'",
  ]);
  const { bnVarInv: varInv, bnRaw: raw } = steps, gain = net.bnGain;
  const gradient = batchNormGradient(gradients.hPreAct, { gain, varInv, raw });
  yield check({
    name: "batch norm by one formula: largest difference",
    ours: largestDifference(gradient.data, gradients.hPreBn.data),
    lecture: 0,
    within: 1e-8,
    source: notebook,
  });
  yield say(
    "The second term removes the mean of the gradient, and the third removes its part along bnRaw. So no step tries to change what batch norm would undo. In particular b1, which shifts whole columns, never learns:",
  );
  const largest = (sums: ArrayLike<number>): number => Math.max(...Array.from(sums, Math.abs));
  yield table(["bias", "largest gradient"], [
    ["b1", largest(gradient.sumOfRows().data).toExponential(1)],
    ["bnBias", largest(gradients.hPreAct.sumOfRows().data)],
  ]);
}

/**
 * Returns whether two arrays are nearly equal, as in torch.allclose: `|a - b| ≤ 1e-8 + 1e-5 |b|` for each
 * element.
 */
function isClose(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  return Array.from(a).every((x, i) => Math.abs(x - b[i]) <= 1e-8 + 1e-5 * Math.abs(b[i]));
}

/**
 * Returns the rows of a table that has the first half of `rows` on the left and the second half on the right.
 */
function inTwoColumns(rows: readonly (readonly string[])[]): string[][] {
  const half = Math.ceil(rows.length / 2);
  return rows.slice(0, half).map((row, i) => [...row, ...(rows[half + i] ?? ["", ""])]);
}
