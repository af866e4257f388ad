/**
 * Our solutions to the exercises of the lesson on makemore.py.
 *
 * @module
 */
import { claim } from "../claim.ts";
import type { Names } from "../data.ts";
import { lineChart } from "../../../stages/report/chart/line.ts";
import { figure, type Item, say, table } from "../item.ts";
import type { LessonEnv } from "../lesson.ts";
import { Letters } from "../letters.ts";
import { makemoreData } from "./makemore_data.ts";
import { regularizationHelps, smallTakeLargerRates } from "./makemore_claims.ts";
import type { MakemoreHyperparameters } from "./makemore_model.ts";
import { type MakemoreLosses, MakemoreTrainer } from "./makemore_trainer.ts";

/** Hyperparameters and number of updates for the training runs of a solution. */
export interface SolutionRuns {
  readonly hyperparameters: MakemoreHyperparameters;
  /** Number of updates of each run. */
  readonly steps: number;
}

const [defaultRate, ...higherRates] = [5e-4, 2e-3, 8e-3, 3.2e-2];

/** E01: trains three small models with four learning rates each. */
export async function* learningRatesSolution(
  env: LessonEnv<Names>,
  { hyperparameters, steps }: SolutionRuns,
): AsyncGenerator<Item> {
  const { words } = env.data,
    letters = new Letters(words),
    data = makemoreData(words, { letters, seed: hyperparameters.seed });
  const engine = await env.engine(), rates = [defaultRate, ...higherRates];
  const types = ["bigram", "bow", "rnn"] as const, rows: (string | number)[][] = [];
  const bestRates = new Map<string, number>();
  for (const type of types) {
    const losses: number[] = [];
    for (const learningRate of rates) {
      await using trainer = await MakemoreTrainer.open(type, {
        engine,
        data,
        hyperparameters: { ...hyperparameters, learningRate },
      });
      yield* trainer.train(steps, { total: steps });
      losses.push((await trainer.evaluate()).test);
    }
    const best = rates[losses.indexOf(Math.min(...losses))];
    bestRates.set(type, best);
    rows.push([type, ...losses.map((loss) => loss.toFixed(4)), best]);
  }
  yield table(["test loss", ...rates.map(String), "best rate"], rows);
  yield say(`These are the test losses after ${steps.toLocaleString("en-US")} steps.`);
  const better = [...bestRates].filter(([, rate]) => rate > defaultRate).map(([type]) => `\`${type}\``);
  yield claim(smallTakeLargerRates, {
    rate: defaultRate,
    better,
    all: types.map((type) => `\`${type}\``),
  });
}

/** Number of updates after which the regularized transformer has its lowest test loss. */
export const regularizedSteps = 14_000;

/**
 * Returns hyperparameters that make the transformer overfit less. In addition, the learning rate should fall
 * to 0 during training.
 */
export function regularized(hyperparameters: MakemoreHyperparameters): MakemoreHyperparameters {
  return { ...hyperparameters, learningRate: 2e-3, weightDecay: .1, dropout: .05 };
}

const evaluationsPerRun = 10;

/**
 * E02: trains the transformer twice, first with the hyperparameters as they are, then with dropout, another
 * weight decay and a falling learning rate.
 */
export async function* regularizationSolution(
  env: LessonEnv<Names>,
  { hyperparameters, steps }: SolutionRuns,
): AsyncGenerator<Item> {
  const { words } = env.data, letters = new Letters(words), engine = await env.engine();
  const data = makemoreData(words, { letters, seed: hyperparameters.seed });
  const changed = regularized(hyperparameters), given = hyperparameters;
  const runs = [
    { name: "as given", hyperparameters: given, decay: false },
    { name: "regularized", hyperparameters: changed, decay: true },
  ];
  const curves = [], rows: (string | number)[][] = [], bests: MakemoreLosses[] = [];
  for (const { name, hyperparameters, decay } of runs) {
    await using trainer = await MakemoreTrainer.open("transformer", { engine, data, hyperparameters });
    const evaluations: MakemoreLosses[] = [];
    for (let i = 1; i <= evaluationsPerRun; i++) {
      const count = Math.round(steps * i / evaluationsPerRun) - trainer.steps;
      if (count === 0) continue;
      yield* trainer.train(count, { total: steps, decay });
      evaluations.push(await trainer.evaluate());
    }
    for (const kind of ["train", "test"] as const) {
      curves.push({
        name: `${name}: ${kind}`,
        x: evaluations.map(({ step }) => step),
        y: evaluations.map((losses) => losses[kind]),
      });
    }
    const best = evaluations.reduce((a, b) => b.test < a.test ? b : a);
    bests.push(best);
    rows.push([name, best.step, best.train.toFixed(4), best.test.toFixed(4)]);
  }
  yield say(
    `The second run differs from the first. Dropout: values in the blocks are set to 0 with probability ${changed.dropout}, so that no neuron can rely on another one. ${
      changed.weightDecay === given.weightDecay
        ? ""
        : `Weight decay: ${changed.weightDecay} instead of ${given.weightDecay}. `
    }Learning rate: it starts at ${changed.learningRate}${
      changed.learningRate === given.learningRate ? "" : ` instead of ${given.learningRate}`
    } and falls to 0, so that the weights settle in the last steps.`,
  );
  yield table(["transformer", "best step", "train", "test"], rows);
  const [first, second] = bests;
  yield claim(regularizationHelps, { value: second.test, other: first.test, bestStep: first.step, steps });
  yield figure(
    "Where the train loss still falls but the test loss does not, a model overfits: it learns the training words by heart.",
    lineChart({ series: curves, xLabel: "step", yLabel: "loss" }),
  );
}
