/**
 * Lesson 5: the backward pass by hand. Every value between letters and loss gets its gradient from a line of ours, held
 * against automatic differentiation; then the lines collapse to short forms, and a net learns by these alone.
 *
 * After Karpathy, "Building makemore part 4: becoming a backprop ninja".
 *
 * @module
 */
import { TorchRandom } from "../kernels/random/torch_random.ts";
import { largestDifference } from "../kernels/models/course/matrix.ts";
import {
  backwardInSteps,
  batchNormGradient,
  forwardInSteps,
  type LetterBatch,
  logitsGradient,
  lossAndGradients,
  type ManualMlp,
  type MlpSteps,
  parameterNames,
  probabilitiesOf,
  type StepGradients,
} from "../kernels/models/course/mlp_manual.ts";
import { barChart } from "../stages/report/chart/bars.ts";
import { heatmapChart } from "../stages/report/chart/heatmap.ts";
import { lineChart } from "../stages/report/chart/line.ts";
import { autodiffGradients } from "./lesson/backprop/autodiff_gradients.ts";
import { integer } from "./cli/option_types.ts";
import { type Names, names } from "./lesson/data.ts";
import { drawNames } from "./lesson/draw_names.ts";
import { check, figure, heading, type Item, lines, progress, say, table } from "./lesson/item.ts";
import { lesson, type LessonEnv } from "./lesson/lesson.ts";
import { type Examples, examplesOf, Letters, type Split, splitWords } from "./lesson/letters.ts";
import {
  calibrated,
  drawBatch,
  lossByMoments,
  manualMlp,
  manualMlpSize,
  trainByHand,
} from "./lesson/backprop/manual_mlp_net.ts";
import { means } from "./lesson/net_training.ts";

const notebook = "makemore part 4, notebook";
const context = 3, shortSteps = 4000, fullSteps = 200_000;

/** What the sections share. */
interface Given {
  readonly letters: Letters;
  readonly examples: Split<Examples>;
  readonly seed: number;
  /** Of training by hand. */
  readonly steps: number;
  /** Why figures need not be the lecture's. */
  readonly mayDiffer: string | null;
  /** The same, where they need the lecture's number of steps. */
  readonly unlessFull: string | null;
}

/** One batch, and all that came of it. */
interface OneStep {
  readonly net: ManualMlp;
  readonly batch: LetterBatch;
  readonly loss: number;
  readonly steps: MlpSteps;
}

export default lesson({
  part: 5,
  about: "the backward pass by hand: all 26 gradients, their short forms, and a net that learns by them",
  short: `${shortSteps.toLocaleString("en-US")} of the lecture's 200,000 steps of training by hand`,
  seed: 2147483647,
  data: names,
  options: {
    steps: integer(`how long to train by hand; default: ${shortSteps}, with --full ${fullSteps}`, {
      value: null,
      min: 100,
      group: "Lesson",
    }),
  },
  async *run(o, env) {
    const given = prepared(env, o);
    const step = yield* forward(given);
    const gradients = yield* everyGradient(step);
    yield* lossInOne(step, { gradients, letters: given.letters });
    yield* batchNormInOne(step, gradients);
    yield* training(given);
  },
  exercises: {
    E01: {
      ask:
        "Go back through the whole forward pass by hand, exactly through every value as it is made there, and hold each gradient against automatic differentiation.",
      async *solution(o, env) {
        yield* everyGradient(firstStep(prepared(env, o)));
      },
    },
    E02: {
      ask:
        "Go back through the cross entropy in one go: take the loss as a formula of the logits, differentiate, simplify.",
      *solution(o, env) {
        const given = prepared(env, o), step = firstStep(given);
        yield* lossInOne(step, { gradients: backwardInSteps(step.net, step), letters: given.letters });
      },
    },
    E03: {
      ask:
        "Go back through batch norm in one go: from the gradient of its output to that of its input, as one formula.",
      *solution(o, env) {
        const step = firstStep(prepared(env, o));
        yield* batchNormInOne(step, backwardInSteps(step.net, step));
      },
    },
    E04: {
      ask:
        "Put it all together: train with your own backward pass. Hold its gradients against automatic differentiation on the way.",
      async *solution(o, env) {
        yield* heldOnTheWay(prepared(env, o));
      },
    },
  },
});

function prepared(
  env: LessonEnv<Names>,
  o: { readonly steps: number | null; readonly full: boolean; readonly seed: number },
): Given {
  const { words } = env.data, letters = new Letters(words), { train, dev, test } = splitWords(words);
  const of = (part: readonly string[]): Examples => examplesOf(part, { letters, context });
  const steps = o.steps ?? (o.full ? fullSteps : shortSteps);
  return {
    letters,
    examples: { train: of(train), dev: of(dev), test: of(test) },
    seed: o.seed,
    steps,
    mayDiffer: env.reasonToDiffer(),
    unlessFull: env.reasonToDiffer() ?? (steps === fullSteps ? null : "a shortened run"),
  };
}

/** The lecture's net of 64 hidden units and its first batch. */
function firstStep({ letters, examples, seed }: Given): OneStep {
  const random = new TorchRandom(seed);
  const net = manualMlp({ letters: letters.count, hidden: 64, random });
  const batch = drawBatch(examples.train, { random });
  return { net, batch, ...forwardInSteps(net, batch) };
}

/** 1. The net of the lesson before, its forward pass cut into steps. */
function* forward(given: Given): Generator<Item, OneStep> {
  yield heading("A forward pass in small steps");
  const step = firstStep(given), { net, steps, loss } = step, { mayDiffer } = given;
  yield say(
    "The net of the lesson before: three letters' embeddings side by side, a linear layer, batch norm, tanh, a linear layer, cross entropy. No parameter is exactly 0 or 1: zeros hide faults, for what they multiply does not show.",
  );
  yield check({ name: "parameters", ours: manualMlpSize(net), lecture: 4137, source: notebook, mayDiffer });
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
    pairs(Object.entries(steps).map(([name, { rows, columns }]) => [name, `${rows} × ${columns}`])),
  );
  yield check({ name: "loss", ours: loss, lecture: 3.3377, within: .04, source: notebook, mayDiffer });
  yield say(
    "The notebook draws batch norm's gain and shift from a generator without a seed, so that its own loss is another one each time it runs: over forty draws ours has mean 3.341 and standard deviation 0.013. All else is drawn as there.",
  );
  return step;
}

/** 2. Exercise 1: a line for each value, last first. */
async function* everyGradient(step: OneStep): AsyncGenerator<Item, StepGradients> {
  yield heading("Every gradient by hand");
  const { net, loss } = step, gradients = backwardInSteps(net, step);
  yield say(
    "From the loss back, each value gets the gradient of the one made from it times the slope of that step. Four rules do it all. A value used twice adds up both gradients. What was repeated along an axis gets the sum along it, and what was summed hands its gradient to all. A product of matrices, `y = a @ b`, gives `da = dy @ bᵀ` and `db = aᵀ @ dy`: shapes allow no other. Picked rows get what their copies got.",
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
    "                logitMaxes' at the greatest   W1', b1'  = embCatᵀ @ hPreBn', sum(hPreBn')",
    "h'            = logits' @ W2ᵀ                 emb'      = embCat', letter by letter",
    "hPreAct'      = (1 - h²) * h'                 C'        = rows of emb', added at their letters",
  ]);
  const auto = await autodiffGradients(net, step);
  let largest = Math.abs(auto.loss - loss);
  const rows = Object.entries(gradients).map(([name, { rows, columns, data }]) => {
    const other = auto.gradients.get(name) ?? [], difference = largestDifference(data, other);
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
    "Beside them the gradients that this project finds by itself, through the same steps as a graph of its kernels, in float64:",
  );
  yield table(["gradient of", "shape", "exact", "approximate", "largest difference"], rows);
  yield check({ name: "gradients by hand", ours: rows.length, lecture: 26, source: notebook });
  yield check({ name: "largest difference", ours: largest, lecture: 0, within: 1e-8, source: notebook });
  const most = Math.max(...gradients.logitMaxes.data.map(Math.abs));
  yield say(
    `The gradient of \`logitMaxes\` is all but 0, here at most ${
      most.toExponential(1)
    }: subtracting it only keeps exp in range, the loss does not depend on it.`,
  );
  yield say(`What the two parted by is rounding: sums run in another order, powers round in another place.`);
  return gradients;
}

/** 3. Exercise 2: eight steps of the cross entropy are one expression. */
function* lossInOne(
  { batch: { targets }, steps }: OneStep,
  { gradients, letters }: { readonly gradients: StepGradients; readonly letters: Letters },
): Generator<Item> {
  yield heading("The cross entropy in one");
  yield say(
    "`loss = -log(exp(logit of the target) / sum of exp(logits))`. Differentiate by a logit and almost all cancels: its probability remains, less 1 if it is the target's; over n, for the loss is a mean.",
  );
  yield lines("logits' = (probs - 1 at the target) / n");
  const short = logitsGradient(steps.probs, targets), n = targets.length;
  yield check({
    name: "logits in one expression: largest difference",
    ours: largestDifference(short.data, gradients.logits.data),
    lecture: 0,
    within: 1e-8,
    source: notebook,
  });
  const row = short.row(0);
  const pushes = Array.from(row, (value, i) => ({ name: letters.symbols[i], value: value * n }));
  yield figure(
    "Each row pushes: the target up (below 0: the loss falls as it rises), every other letter down by just its probability. The pushes of a row cancel.",
    heatmapChart({
      title: "gradient of the logits: a row an example",
      values: Array.from({ length: n }, (_, i) => short.row(i)),
      columns: letters.symbols,
      full: 1 / n,
    }),
    barChart({ title: "the first example, times n, by letter", bars: pushes }),
  );
  yield check({
    name: "sum of a row's pushes",
    ours: row.reduce((sum, x) => sum + x, 0),
    lecture: 0,
    within: 1e-8,
    source: notebook,
  });
}

/** 4. Exercise 3: batch norm's seven steps are one expression. */
function* batchNormInOne(
  { net, steps }: OneStep,
  gradients: Pick<StepGradients, "hPreAct" | "hPreBn">,
): Generator<Item> {
  yield heading("Batch norm in one");
  yield say(
    "Each number of a column reaches the output three ways: itself, through the mean, and through the variance. Written down on paper, added, and simplified, with n - 1 in the variance:",
  );
  yield lines([
    "hPreBn' = bnGain * bnVarInv / n * (n * g - sum(g) - n/(n-1) * bnRaw * sum(g * bnRaw))",
    "where g = hPreAct'",
  ]);
  const { bnVarInv: varInv, bnRaw: raw } = steps, gain = net.bnGain;
  const short = batchNormGradient(gradients.hPreAct, { gain, varInv, raw });
  yield check({
    name: "batch norm in one expression: largest difference",
    ours: largestDifference(short.data, gradients.hPreBn.data),
    lecture: 0,
    within: 1e-8,
    source: notebook,
  });
  yield say(
    "The second term takes the mean out of the gradient, the third what is left along bnRaw: no step can move what batch norm takes away again. So b1, which shifts whole columns, never learns:",
  );
  const idle = Math.max(...short.sumOfRows().data.map(Math.abs));
  yield table(["", "largest gradient"], [["b1", idle.toExponential(1)], [
    "bnBias",
    Math.max(...gradients.hPreAct.sumOfRows().data.map(Math.abs)),
  ]]);
}

/** 5. Exercise 4: training with the short forms alone. */
async function* training(
  { letters, examples, seed, steps, mayDiffer, unlessFull }: Given,
): AsyncGenerator<Item> {
  yield heading("Training by hand");
  const random = new TorchRandom(seed);
  const net = manualMlp({ letters: letters.count, hidden: 200, random });
  yield say(
    `A net of 200 hidden units, ${
      steps.toLocaleString("en-US")
    } steps of 32 examples at rate 0.1, from the middle on 0.01. No graph, no automatic differentiation: some twenty lines (\`kernels/models/course/mlp_manual.ts\`).`,
  );
  yield check({
    name: "parameters",
    ours: manualMlpSize(net),
    lecture: 12297,
    source: notebook,
    mayDiffer,
  });
  const began = performance.now();
  const losses = yield* trainByHand(net, { examples: examples.train, random, steps });
  const seconds = (performance.now() - began) / 1000;
  yield say(`${seconds.toFixed(0)} seconds, ${(1000 * seconds / steps).toFixed(2)} ms a step.`);
  yield check({
    name: "loss at step 0",
    ours: losses[0],
    lecture: 3.7805,
    within: .08,
    source: notebook,
    mayDiffer,
  });
  const curve = means(losses, Math.max(1, Math.floor(steps / 200)));
  yield figure(
    "A batch of 32 says little: the curve is of means.",
    lineChart({ title: "loss", series: [{ name: "loss", ...curve }], xLabel: "step" }),
  );
  const moments = calibrated(net, examples.train);
  yield say(
    "To use the net, batch norm needs a mean and a variance without a batch: those of all training examples.",
  );
  const train = yield* lossByMoments(net, { examples: examples.train, moments });
  const dev = yield* lossByMoments(net, { examples: examples.dev, moments });
  const held = { source: notebook, mayDiffer: unlessFull };
  yield check({ name: "loss, train", ours: train, lecture: 2.0705, within: .002, ...held });
  yield check({ name: "loss, dev", ours: dev, lecture: 2.1099, within: .002, ...held });
  yield say("Names of this net:");
  const odds = (before: readonly number[]): Float64Array =>
    probabilitiesOf(net, { inputs: Uint32Array.from(before.slice(-context)), moments }).row(0);
  yield lines(
    (await drawNames(odds, {
      letters,
      random: new TorchRandom((seed + 10) % 2 ** 32),
      count: 10,
      exponentialRace: true,
    })).join(" "),
  );
}

/** Exercise 4, with autodiff looking over its shoulder. */
async function* heldOnTheWay({ letters, examples, seed }: Given): AsyncGenerator<Item> {
  const random = new TorchRandom(seed), rows: (readonly (string | number)[])[] = [];
  const net = manualMlp({ letters: letters.count, hidden: 200, random });
  let largest = 0;
  for (const steps of [0, 100, 200, 400]) {
    const more = steps - Number(rows.at(-1)?.[0] ?? 0);
    yield* trainByHand(net, { examples: examples.train, random, steps: more });
    const batch = drawBatch(examples.train, { random }), { gradients, loss } = lossAndGradients(net, batch);
    const auto = await autodiffGradients(net, { batch, steps: forwardInSteps(net, batch).steps });
    const difference = Math.max(
      ...parameterNames.map((name) =>
        largestDifference(gradients[name].data, auto.gradients.get(name) ?? [])
      ),
    );
    largest = Math.max(largest, difference);
    rows.push([steps, loss, difference.toExponential(1)]);
    yield progress(`step ${steps}`);
  }
  yield table(["after steps", "loss of the next batch", "largest difference of a gradient"], rows);
  yield check({ name: "largest difference", ours: largest, lecture: 0, within: 1e-6, source: notebook });
  yield say(
    "Trained parameters are no float32 numbers any more, which autodiff is given: hence more than before.",
  );
}

/** torch.allclose: |a - b| ≤ 1e-8 + 1e-5 |b|, element by element. */
function isClose(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  return Array.from(a).every((x, i) => Math.abs(x - b[i]) <= 1e-8 + 1e-5 * Math.abs(b[i]));
}

/** Two rows in one. */
function pairs(rows: readonly (readonly string[])[]): string[][] {
  const half = Math.ceil(rows.length / 2);
  return rows.slice(0, half).map((row, i) => [...row, ...(rows[half + i] ?? ["", ""])]);
}
