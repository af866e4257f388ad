/**
 * Exercise EX2: a GPT that adds numbers of three digits.
 *
 * @module
 */
import { TorchRandom } from "../../../kernels/random/torch_random.ts";
import type { Engine } from "../../../kernels/engine/engine.ts";
import { charGpt } from "../../../kernels/models/course/char_gpt.ts";
import { schedule } from "../../../kernels/optim/schedule.ts";
import { lineChart } from "../../../stages/report/chart/line.ts";
import { check, figure, type Item, lines, progress, say, table } from "../item.ts";
import { problemLength, type Problems, problems, problemText, problemTokens } from "./addition.ts";
import { logitsOf } from "./causality.ts";
import { openLearner } from "./learn.ts";
import { lectureWeights } from "./lecture_weights.ts";

/** How to train it; the defaults take less than a minute. */
export interface AdditionOptions {
  readonly digits?: number;
  readonly steps?: number;
  /** How many held-out sums to ask for. */
  readonly asked?: number;
}

/** Trains a GPT of two blocks to add and asks it for sums that it never saw. */
export async function* additionSolution(
  open: () => Promise<Engine>,
  seed: number,
  { digits = 3, steps = 750, asked = 1000 }: AdditionOptions = {},
): AsyncGenerator<Item> {
  const engine = await open(), random = new TorchRandom(seed);
  const batch = 128, time = problemLength(digits), rounds = Math.ceil(steps / 3);
  const model = charGpt({
    vocabSize: problemTokens.vocabSize,
    seqLen: time,
    channels: 64,
    heads: 4,
    layers: 2,
  });
  const held = problems(asked, { digits, random: new TorchRandom(seed + 1), held: true });
  const example = problemText(12, 345, { digits });
  yield say(
    `A problem is \`${example}\`: the answer stands with its last digit first, for that is the order in which one adds by hand. Targets before the \`=\` count nothing: nobody can guess a question. One problem in twenty is held out by its numbers.`,
  );
  const weights = lectureWeights(model.config, random),
    rate = schedule({
      kind: "cosine",
      lr: 3e-3,
      minLr: 3e-4,
      warmup: 50,
      steps,
    });
  await using session = await openLearner(engine, { model, weights, shape: [batch, time], seed, clip: 1 });
  const losses: number[] = [], right: (readonly [number, number])[] = [];
  let wrong: readonly string[] = [];
  for (let step = 0; step < steps; step++) {
    const examples = problems(batch, { digits, random, held: false });
    session.begin({ ...examples, shape: [1, batch, time] }, { learningRate: rate(step), step });
    if (step % 50 !== 49 && (step + 1) % rounds !== 0 && step !== steps - 1) continue;
    losses.push(...(await session.results()).map(({ loss }) => loss));
    yield progress(`step ${step + 1} of ${steps}: loss ${losses[losses.length - 1].toFixed(4)}`);
    if ((step + 1) % rounds !== 0 && step !== steps - 1) continue;
    wrong = await mistakes(engine, { model, weights: await session.weights(), held, time });
    right.push([step + 1, 100 * (1 - wrong.length / asked)]);
  }
  yield figure(
    "Nothing for a while, then it finds the rule.",
    lineChart({
      title: "loss of the answer's digits",
      series: [{ name: "loss", y: losses }],
      xLabel: "step",
      logY: true,
    }),
  );
  yield table(["step", "exact sums of the held-out, %"], right);
  if (wrong.length > 0) yield lines(wrong.slice(0, 5));
  yield check({
    name: `exact sums of ${digits} digits, % of ${asked} held out`,
    ours: right[right.length - 1][1],
    lecture: 100,
    within: 1,
    source: "exercise EX2",
    mayDiffer: steps < 750 ? "a shortened run" : null,
  });
}

/**
 * Problems that the model would get wrong. It is given the right digits before each: where its likeliest digit is the
 * right one at every place, it would have written them itself.
 */
async function mistakes(
  engine: Engine,
  { model, weights, held, time }: {
    readonly model: ReturnType<typeof charGpt>;
    readonly weights: Parameters<typeof logitsOf>[1]["weights"];
    readonly held: Problems;
    readonly time: number;
  },
): Promise<string[]> {
  const V = model.vocabSize, count = held.inputs.length / time, wrong: string[] = [];
  const [logits] = await logitsOf(engine, { model, weights, sequences: [held.inputs], rows: count });
  for (let row = 0; row < count; row++) {
    const said: number[] = [];
    let right = true;
    for (let at = row * time; at < (row + 1) * time; at++) {
      if (held.mask[at] === 0) continue;
      const scores = logits.subarray(at * V, (at + 1) * V);
      said.push(scores.indexOf(Math.max(...scores)));
      right &&= said[said.length - 1] === held.targets[at];
    }
    if (right) continue;
    const question = problemTokens.decode(
      held.inputs.subarray(row * time, row * time + time - said.length + 1),
    );
    wrong.push(`${question}${problemTokens.decode(said)}, reversed, is wrong`);
  }
  return wrong;
}
