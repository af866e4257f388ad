/**
 * Exercise EX2: a GPT that adds numbers with three digits.
 *
 * @module
 */
import { TorchRandom } from "../../../kernels/random/torch_random.ts";
import type { Engine } from "../../../kernels/engine/engine.ts";
import type { TensorMap } from "../../../kernels/core/tensor.ts";
import { charGpt } from "../../../kernels/models/course/char_gpt.ts";
import type { Model } from "../../../kernels/models/model.ts";
import { schedule } from "../../../kernels/optim/schedule.ts";
import { lineChart } from "../../../stages/report/chart/line.ts";
import { claim } from "../claim.ts";
import { check, code, figure, type Item, lines, progress, say, table } from "../item.ts";
import { ruleIsFound } from "./shakespeare_claims.ts";
import {
  type AdditionProblems,
  additionProblems,
  problemLength,
  problemText,
  problemTokens,
} from "./addition_problems.ts";
import { openLectureModel } from "./lecture_training.ts";
import { lectureWeights } from "./lecture_weights.ts";
import { sequenceLogits } from "./sequence_logits.ts";

/** Sizes of the experiment. With the defaults, it takes less than a minute. */
export interface AdditionOptions {
  /** Number of digits of each number; default 3. */
  readonly digits?: number;
  /** Number of updates; default 750. */
  readonly steps?: number;
  /** Number of held-out problems in the test; default 1,000. */
  readonly testCount?: number;
}

const fullSteps = 750;

/** Trains a GPT with two blocks to add, and tests it on held-out problems. */
export async function* additionSolution(
  openEngine: () => Promise<Engine>,
  seed: number,
  { digits = 3, steps = fullSteps, testCount = 1000 }: AdditionOptions = {},
): AsyncGenerator<Item> {
  const engine = await openEngine(), random = new TorchRandom(seed);
  const batch = 128, time = problemLength(digits), testEvery = Math.ceil(steps / 3);
  const model = charGpt({
    vocabSize: problemTokens.vocabSize,
    seqLen: time,
    channels: 64,
    heads: 4,
    layers: 2,
  });
  const test = additionProblems(testCount, { digits, random: new TorchRandom(seed + 1), heldOut: true });
  yield say(
    `A problem is a text such as \`${
      problemText(12, 345, { digits })
    }\`. The last digit of the sum stands first, because this is the order in which people add by hand. Targets before the \`=\` do not count in the loss, because nobody can predict a question. About one problem in twenty is held out from training.`,
  );
  yield code("pipelines/lesson/shakespeare/addition_problems.ts", "additionProblems");
  const weights = lectureWeights(model.config, random);
  const rate = schedule({ kind: "cosine", lr: 3e-3, minLr: 3e-4, warmup: 50, steps });
  const shape = [batch, time] as const;
  await using session = await openLectureModel(engine, { model, weights, shape, seed, clip: 1 });
  const losses: number[] = [], correct: (readonly [step: number, percent: number])[] = [];
  let mistakes: readonly string[] = [];
  for (let step = 0; step < steps; step++) {
    const problems = additionProblems(batch, { digits, random, heldOut: false });
    session.begin({ ...problems, shape: [1, batch, time] }, { learningRate: rate(step), step });
    const isTest = (step + 1) % testEvery === 0 || step === steps - 1;
    if (step % 50 !== 49 && !isTest) continue;
    losses.push(...(await session.results()).map(({ loss }) => loss));
    yield progress(`step ${step + 1} of ${steps}: loss ${losses[losses.length - 1].toFixed(4)}`);
    if (!isTest) continue;
    mistakes = await mistakesOf(engine, { model, weights: await session.weights(), test, time });
    correct.push([step + 1, 100 * (1 - mistakes.length / testCount)]);
  }
  yield claim(ruleIsFound, {
    correct: correct[correct.length - 1][1],
    guess: Math.log(10),
    first: losses[0],
    last: losses[losses.length - 1],
  });
  yield figure(
    "A flat part of the curve, followed by a steep fall, shows when the model finds a part of the rule.",
    lineChart({
      title: "loss of the digits of the sum",
      series: [{ name: "loss", y: losses }],
      xLabel: "step",
      logY: true,
    }),
  );
  yield table(["step", "correct sums of held-out problems, %"], correct);
  if (mistakes.length > 0) yield lines(mistakes.slice(0, 5));
  yield check({
    name: `correct sums of numbers of ${digits} digits, % of ${testCount} held-out problems`,
    ours: correct[correct.length - 1][1],
    lecture: 100,
    within: 1,
    source: "exercise EX2",
    mayDiffer: steps < fullSteps ? "a shortened run" : null,
  });
}

/**
 * Returns the wrong sums of the model, as lines of text. The model sees the correct digits before each digit
 * that it predicts. If all its most probable digits are correct, it would generate the correct sum on its own
 * as well.
 */
async function mistakesOf(
  engine: Engine,
  { model, weights, test, time }: {
    readonly model: Model;
    readonly weights: TensorMap;
    readonly test: AdditionProblems;
    readonly time: number;
  },
): Promise<string[]> {
  const { vocabSize } = model, rows = test.inputs.length / time, mistakes: string[] = [];
  const [logits] = await sequenceLogits(engine, { model, weights, batches: [test.inputs], rows });
  for (let row = 0; row < rows; row++) {
    const predicted: number[] = [];
    let correct = true;
    for (let at = row * time; at < (row + 1) * time; at++) {
      if (test.mask[at] === 0) continue;
      const scores = logits.subarray(at * vocabSize, (at + 1) * vocabSize);
      predicted.push(scores.indexOf(Math.max(...scores)));
      correct &&= predicted[predicted.length - 1] === test.targets[at];
    }
    if (correct) continue;
    const question = test.inputs.subarray(row * time, (row + 1) * time - predicted.length + 1);
    mistakes.push(
      `${problemTokens.decode(question)}${problemTokens.decode(predicted)} (digits reversed) is wrong`,
    );
  }
  return mistakes;
}
