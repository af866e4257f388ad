/**
 * Ours to the exercise of the lesson on makemore.py.
 *
 * @module
 */
import type { Names } from "./data.ts";
import { type Item, say, table } from "./item.ts";
import type { LessonEnv } from "./lesson.ts";
import { Letters } from "./letters.ts";
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
