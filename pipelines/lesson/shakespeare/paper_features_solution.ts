/**
 * Exercise EX4: two features from papers. Each feature is an option of the model.
 *
 * @module
 */
import { lineChart } from "../../../stages/report/chart/line.ts";
import type { Text } from "../data.ts";
import { check, figure, type Item, say, table } from "../item.ts";
import type { LessonEnv } from "../lesson.ts";
import { corpusOf } from "./corpus.ts";
import { type CharGptShape, notebookBatch, notebookModel } from "./lecture_models.ts";
import { validationCurve } from "./loss_items.ts";
import { trainCharModel, type TrainedCharModel } from "./train_char_model.ts";

const features: readonly (readonly [name: string, options: Partial<CharGptShape>])[] = [
  ["unchanged", {}],
  ["squared ReLU", { activation: "squared-relu" }],
  ["tied output layer", { tie: true }],
];

/** Trains the notebook's GPT without the features and with each of them. */
export async function* paperFeaturesSolution(
  env: LessonEnv<Text>,
  { seed, full }: { readonly seed: number; readonly full: boolean },
): AsyncGenerator<Item> {
  const corpus = corpusOf(env.data.text), engine = await env.engine(), steps = full ? 5000 : 1000;
  yield say(
    `So et al. 2021 ("Primer") let a program search for a better transformer. The change that helped most is simple: square the output of ReLU. Press and Wolf 2017 use the embedding as the weight of the output layer, too. These are runs of the notebook's GPT without and with each feature, ${
      steps.toLocaleString("en-US")
    } steps each:`,
  );
  const models: TrainedCharModel[] = [];
  for (const [name, options] of features) {
    models.push(
      yield* trainCharModel(engine, {
        name,
        corpus,
        config: { ...notebookModel, scaled: true, ...options },
        shape: notebookBatch,
        steps,
        rate: 1e-3,
        every: 500,
        seed,
      }),
    );
  }
  const [unchanged, squared, tied] = models;
  yield figure(
    `${squaredSentence(unchanged, squared)} ${tiedSentence(unchanged, tied)}`,
    lineChart({
      title: "validation loss",
      xLabel: "step",
      yDomain: [1.8, 2.8],
      series: models.map((model, i) => validationCurve(features[i][0], model)),
    }),
  );
  yield table(
    ["", "parameters", "train", "validation"],
    models.map(({ parameters, final }, i) => [
      features[i][0],
      parameters,
      final.train.toFixed(4),
      final.validation.toFixed(4),
    ]),
  );
  yield check({
    name: "the loss is lower with the squared ReLU",
    ours: String(squared.final.validation < unchanged.final.validation),
    lecture: "true",
    source: "So et al. 2021",
  });
}

function squaredSentence(unchanged: TrainedCharModel, squared: TrainedCharModel): string {
  const later = squared.estimates.filter(({ step }) => step > 0);
  const lower = later.filter(({ step, validation }) =>
    validation < (unchanged.estimates.find((estimate) => estimate.step === step)?.validation ?? -Infinity)
  );
  return `With the squared ReLU, the validation loss is lower than without it at ${lower.length} of ${later.length} evaluations after step 0.`;
}

function tiedSentence(unchanged: TrainedCharModel, tied: TrainedCharModel): string {
  const [before, after] = [unchanged, tied].map(({ estimates }) => estimates[0].validation);
  return `With the tied output layer, the validation loss starts at ${after.toFixed(1)} instead of ${
    before.toFixed(1)
  }${
    after > before
      ? ": torch draws embeddings with variance 1, which is far too large for an output layer. A feature of one paper may need the initial weights of another."
      : "."
  }`;
}
