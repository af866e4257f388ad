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
import { claim } from "../claim.ts";
import { check, code, figure, heading, type Item, say, table } from "../item.ts";
import type { Letters } from "../letters.ts";
import { autodiffGradients } from "./autodiff_gradients.ts";
import { biasNeverLearns, handIsExact, maximaDoNotMatter, targetIsPushedUp } from "./backprop_claims.ts";
import { type BackpropSetup, firstForwardPass, type ForwardPass, notebook } from "./backprop_setup.ts";
import { parameterCount } from "./manual_mlp_net.ts";

const manual = "kernels/models/course/mlp_manual.ts";

/** 1. The net of the previous lesson, with its forward pass in small steps. */
export function* forwardPassSection(setup: BackpropSetup): Generator<Item, ForwardPass> {
  yield heading("A forward pass in small steps");
  const pass = firstForwardPass(setup), { net, steps, loss } = pass, { mayDiffer } = setup;
  yield say(
    "This is the net of the lesson before: the embeddings of three letters side by side, a linear layer, batch norm, tanh, a linear layer, and cross entropy. No parameter is exactly 0 or 1. Such numbers would hide mistakes, because a wrong factor next to them may have no effect.",
  );
  yield code(manual, "forwardInSteps");
  yield check({ name: "parameters", ours: parameterCount(net), lecture: 4137, source: notebook, mayDiffer });
  yield table(
    ["value", "shape", "value", "shape"],
    inTwoColumns(Object.entries(steps).map(([name, { rows, columns }]) => [name, `${rows} × ${columns}`])),
  );
  yield check({ name: "loss", ours: loss, lecture: 3.3377, within: .04, source: notebook, mayDiffer });
  const losses = Array.from({ length: 40 }, (_, unseeded) => firstForwardPass(setup, unseeded).loss);
  const { mean, std } = momentsOfList(losses);
  yield say(
    `The notebook draws gain and bias of batch norm from a generator without a seed, so its own loss is different in each run. Over ${losses.length} such draws, ours has mean ${
      mean.toFixed(3)
    } and standard deviation ${std.toFixed(3)}. All other parameters are drawn as in the notebook.`,
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
  yield code(manual, "backwardInSteps");
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
  yield claim(maximaDoNotMatter, { largest: largestOfMaxes });
  yield claim(handIsExact, { difference: largest });
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
  yield code(manual, "logitsGradient");
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
    "A negative gradient pushes the logit up, a positive one pushes it down.",
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
  yield claim(targetIsPushedUp, {
    target: row[targets[0]] * n,
    least: Math.min(...row.filter((_, i) => i !== targets[0])) * n,
    sum: row.reduce((sum, x) => sum + x, 0),
  });
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
  yield code(manual, "batchNormGradient");
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
    "The second term removes the mean of the gradient, and the third removes its part along bnRaw. So no step tries to change what batch norm would undo:",
  );
  const largest = (sums: ArrayLike<number>): number => Math.max(...Array.from(sums, Math.abs));
  const ofB1 = largest(gradient.sumOfRows().data), ofBnBias = largest(gradients.hPreAct.sumOfRows().data);
  yield table(["bias", "largest gradient"], [["b1", ofB1.toExponential(1)], ["bnBias", ofBnBias]]);
  yield claim(biasNeverLearns, { value: ofB1, other: 1e-6 * ofBnBias });
}

function momentsOfList(values: readonly number[]): { readonly mean: number; readonly std: number } {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, std: Math.sqrt(squares / (values.length - 1)) };
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
