/**
 * Ours to the exercise of the lesson on makemore.py.
 *
 * @module
 */
import type { Names } from "../data.ts";
import { lineChart } from "../../../stages/report/chart/line.ts";
import { figure, type Item, say, table } from "../item.ts";
import type { LessonEnv } from "../lesson.ts";
import { Letters } from "../letters.ts";
import { makemoreData, MakemoreRun, type MakemoreSettings } from "./makemore_run.ts";

/** E01: four rates for each of the models that are quickly trained. */
export async function* ratesOf(
  env: LessonEnv<Names>,
  { settings, steps }: { readonly settings: MakemoreSettings; readonly steps: number },
): AsyncGenerator<Item> {
  const { words } = env.data,
    letters = new Letters(words),
    data = makemoreData(words, { letters, seed: settings.seed });
  const engine = await env.engine(),
    rates = [5e-4, 2e-3, 8e-3, 3.2e-2],
    types = ["bigram", "bow", "rnn"] as const;
  const rows: (string | number)[][] = [];
  for (const type of types) {
    const losses: number[] = [];
    for (const learningRate of rates) {
      await using run = await MakemoreRun.open(type, {
        engine,
        data,
        settings: { ...settings, learningRate },
      });
      yield* run.train(steps, { of: steps });
      losses.push((await run.evaluate()).test);
    }
    rows.push([type, ...losses.map((loss) => loss.toFixed(4)), rates[losses.indexOf(Math.min(...losses))]]);
  }
  yield table(["test loss", ...rates.map(String), "best rate"], rows);
  yield say(
    `After ${
      steps.toLocaleString("en-US")
    } steps. 0.0005 is a transformer's rate; what has few parameters that hardly depend on each other takes a far larger one, the bigram the largest.`,
  );
}

/** Steps after which the mended transformer has its best test loss. */
export const notByHeartSteps = 14_000;

/** A transformer that learns less by heart; its rate falls to 0. */
export function notByHeartSettings(settings: MakemoreSettings): MakemoreSettings {
  return { ...settings, learningRate: 2e-3, weightDecay: .1, dropout: .05 };
}

/** E02: a part of what it sees is dropped, weights are pulled to 0, and the rate is larger and falls to nothing. */
export async function* notByHeart(
  env: LessonEnv<Names>,
  { settings, steps }: { readonly settings: MakemoreSettings; readonly steps: number },
): AsyncGenerator<Item> {
  const { words } = env.data, letters = new Letters(words), engine = await env.engine();
  const data = makemoreData(words, { letters, seed: settings.seed });
  const mended = notByHeartSettings(settings);
  const plans = [{ name: "as makemore.py", of: settings, falls: false }, {
    name: "mended",
    of: mended,
    falls: true,
  }];
  const parts = 10, curves = [], rows: (string | number)[][] = [];
  for (const { name, of, falls } of plans) {
    await using run = await MakemoreRun.open("transformer", { engine, data, settings: of });
    const seen = [];
    for (let part = 1; part <= parts; part++) {
      const next = Math.round(steps * part / parts) - run.steps;
      if (next === 0) continue;
      yield* run.train(next, { of: steps, falls });
      seen.push(await run.evaluate());
    }
    for (const kind of ["train", "test"] as const) {
      curves.push({
        name: `${name}: ${kind}`,
        x: seen.map(({ step }) => step),
        y: seen.map((now) => now[kind]),
      });
    }
    const best = seen.reduce((a, b) => b.test < a.test ? b : a);
    rows.push([name, best.step, best.train.toFixed(4), best.test.toFixed(4)]);
  }
  yield say(
    "A twentieth of what blocks say is dropped at random, so that no neuron can rely on another's; weights decay ten times as fast; the rate is four times as large and falls to 0, so that the last steps no longer jump about.",
  );
  yield table(["transformer", "best step", "train", "test"], rows);
  yield figure(
    "Where train falls and test does not, words are learned by heart.",
    lineChart({ series: curves, xLabel: "step", yLabel: "loss" }),
  );
}
